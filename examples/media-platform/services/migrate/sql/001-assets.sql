CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE assets (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title      text NOT NULL,
    object_key text NOT NULL UNIQUE,
    seconds    double precision,
    added_at   timestamptz NOT NULL DEFAULT now()
);
