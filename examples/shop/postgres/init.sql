-- Runs once, when the data directory is empty.
CREATE TABLE products (
    sku         text PRIMARY KEY,
    name        text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents >= 0),
    stock       integer NOT NULL CHECK (stock >= 0),
    image       text
);

CREATE TABLE orders (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer     text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    announced_at timestamptz
);

CREATE INDEX orders_to_announce ON orders (id) WHERE announced_at IS NULL;

CREATE TABLE order_items (
    order_id    bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    sku         text NOT NULL REFERENCES products (sku),
    quantity    integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL
);

CREATE INDEX order_items_order ON order_items (order_id);

INSERT INTO products (sku, name, price_cents, stock) VALUES
    ('fence-post-180',  'Fence post, oak, 180 cm',      1490, 4000),
    ('gate-latch',      'Gate latch, galvanised',        875, 2500),
    ('hay-net-40',      'Hay net, 40 inch',             1120, 1800),
    ('salt-lick-2kg',   'Salt lick, 2 kg',               640, 9000),
    ('work-gloves-l',   'Work gloves, size L',          1350, 3200);
