"""The original design's API: synchronous endpoints, a session for each request, SendMessage before the answer."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

import boto3
from botocore.config import Config
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"), pool_size=20, max_overflow=20
)
sessions = sessionmaker(engine, expire_on_commit=False)
# As many connections as there are threads, or they would wait for one another.
sqs = boto3.client("sqs", config=Config(max_pool_connections=50))
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


def session() -> Iterator[Session]:
    """A session for one request."""
    with sessions() as opened:
        yield opened


OfRequest = Annotated[Session, Depends(session)]


@app.post("/tasks", status_code=201, response_model=TaskView)
def create_task(given: NewTask, database: OfRequest) -> Task:
    """Store the row, then hand it to SQS: two writes, and nothing that binds them."""
    task = Task(title=given.title, description=given.description)
    database.add(task)
    database.commit()
    message = {"task_id": str(task.id), "title": task.title, "description": task.description}
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(message))
    return task


@app.get("/tasks/{task_id}", response_model=TaskView)
def read_task(task_id: UUID, database: OfRequest) -> Task:
    """One task."""
    if (task := database.get(Task, task_id)) is None:
        raise HTTPException(404)
    return task


@app.get("/health")
def health() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}
