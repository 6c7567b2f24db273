const base = import.meta.env.VITE_API_BASE ?? '/api';
const results = document.querySelector('#results');
const query = document.querySelector('#query');

function show(titles) {
  results.replaceChildren(
    ...titles.map((title) => {
      const item = document.createElement('li');
      item.textContent = title;
      return item;
    }),
  );
}

async function latest() {
  const answer = await fetch(`${base}/assets`);
  show((await answer.json()).assets.map((asset) => asset.title));
}

query.addEventListener('change', async () => {
  if (!query.value) return latest();
  const answer = await fetch(`${base}/search?q=${encodeURIComponent(query.value)}`);
  show((await answer.json()).words.map((hit) => hit.title));
});

const live = new WebSocket(`ws://${location.host}/live`);
live.addEventListener('message', latest);
latest();
