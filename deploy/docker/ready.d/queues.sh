# MiniStack runs what lies in this folder each time it has started.
exec python /deploy/docker/make_queues.py
