"""FastAPI, SQLAlchemy's asynchronous ORM, Celery's `delay` after the commit."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from jobs import process_task
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, func
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=20, max_overflow=20
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """The declared tables."""


class Task(Base):
    """A task on record."""

    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="pending")
    result: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class NewTask(BaseModel):
    """What is posted."""

    title: str = Field(min_length=1, max_length=255)
    description: str | None = None


class TaskView(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str | None
    status: str
    result: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


OfRequest = Annotated[AsyncSession, Depends(session)]


@app.post("/tasks", status_code=201, response_model=TaskView)
async def create_task(given: NewTask, database: OfRequest) -> Task:
    """Store the row, then hand its id to Redis, on the event loop: in a thread it costs more."""
    task = Task(title=given.title, description=given.description)
    database.add(task)
    await database.commit()
    process_task.delay(str(task.id))
    return task


@app.get("/tasks/{task_id}", response_model=TaskView)
async def read_task(task_id: UUID, database: OfRequest) -> Task:
    """One task."""
    if (task := await database.get(Task, task_id)) is None:
        raise HTTPException(404)
    return task


@app.get("/health")
async def health() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}
