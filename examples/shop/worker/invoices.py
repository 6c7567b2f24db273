"""Invoices as text files, one per order."""
import os
from datetime import datetime, timezone


def write_invoice(directory, order):
    """Write the invoice beside its final name first, so that nobody mails half a file."""
    path = os.path.join(directory, f"{order['id']:08d}.txt")
    draft = path + ".part"
    with open(draft, "w", encoding="utf-8") as out:
        out.write(render(order))
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)
    return path


def render(order):
    issued = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        "FERNHILL SUPPLY",
        f"Invoice {order['id']:08d}    {issued}",
        f"Customer: {order['customer']}",
        "",
    ]
    for item in order["items"]:
        amount = item["quantity"] * item["price_cents"]
        lines.append(f"{item['quantity']:>5} x {item['sku']:<20} {money(amount):>12}")
    lines.append("")
    lines.append(f"{'Total':<28} {money(order['total_cents']):>12}")
    return "\n".join(lines) + "\n"


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"
