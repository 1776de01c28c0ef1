"""FastAPI on asyncpg, PgQueuer: the row and its job are one transaction."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, HTTPException
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from pydantic import BaseModel, Field

INSERT = "INSERT INTO tasks (id, title, description) VALUES ($1, $2, $3) RETURNING *"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connections live as long as the application."""
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=32) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


class NewTask(BaseModel):
    """What is posted."""

    title: str = Field(min_length=1, max_length=255)
    description: str | None = None


class TaskView(BaseModel):
    """What is answered."""

    id: UUID
    title: str
    description: str | None
    status: str
    result: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


@app.post("/tasks", status_code=201, response_model=TaskView)
async def create_task(given: NewTask) -> TaskView:
    """Store the row and its job, together or not at all."""
    async with app.state.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(INSERT, uuid4(), given.title, given.description)
        await Queries(AsyncpgDriver(connection)).enqueue("process_task", row["id"].bytes)
    return TaskView(**row)


@app.get("/tasks/{task_id}", response_model=TaskView)
async def read_task(task_id: UUID) -> TaskView:
    """One task."""
    row = await app.state.pool.fetchrow("SELECT * FROM tasks WHERE id = $1", task_id)
    if row is None:
        raise HTTPException(404)
    return TaskView(**row)


@app.get("/health")
async def health() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}
