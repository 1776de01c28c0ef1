-- The table of the systems that have none of their own.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    description text,
    status text NOT NULL DEFAULT 'pending',
    result text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz
);
CREATE INDEX tasks_by_creation ON tasks (created_at);
