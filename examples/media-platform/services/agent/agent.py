"""Looks up what the open web says about assets without a description."""
import os
import time

import requests
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

API = os.environ.get("API_URL", "http://api:8000")
LLM = os.environ.get("LLM_URL", "http://ollama:11434")
SEARCH = os.environ.get("SEARCH_PAGE", "https://html.duckduckgo.com/html/?q=")
PAUSE = int(os.environ.get("AGENT_PAUSE_SECONDS", "120"))


def page_text(browser, title):
    page = browser.new_page()
    try:
        page.goto(SEARCH + requests.utils.quote(title), timeout=30000)
        page.screenshot(path="screenshots/last.png")
        return page.inner_text("body")[:4000]
    finally:
        page.close()


def summary(title, text):
    prompt = f"In one sentence, what is the programme '{title}'? Use only this text:\n{text}"
    answer = requests.post(
        f"{LLM}/api/generate",
        json={"model": os.environ.get("LLM_MODEL", "mistral"), "prompt": prompt, "stream": False},
        timeout=180,
    )
    answer.raise_for_status()
    return answer.json()["response"].strip()


def one_round(browser):
    assets = requests.get(f"{API}/assets", timeout=10).json()["assets"]
    for asset in assets:
        if asset["caption"]:
            continue
        text = summary(asset["title"], page_text(browser, asset["title"]))
        requests.post(
            f"{API}/internal/captions", json={"asset_id": asset["id"], "text": text}, timeout=10
        ).raise_for_status()


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            os.path.expanduser("~/.config/agent-profile"), headless=True
        )
        while True:
            try:
                one_round(browser)
            except (requests.RequestException, BrowserError) as error:
                print("round failed:", error)
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
