-- Run one by one, in the schema's owner's name; search_path and lock_timeout belong to each function.

CREATE FUNCTION task_id_floor(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    -- The least UUIDv7 of a millisecond.
    SELECT (lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$

--------
CREATE FUNCTION task_partitions() RETURNS TABLE (name text, starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    -- Those with an end; no start means that all before it belongs to the partition.
    SELECT c.relname::text,
           to_timestamp(('x' || translate(substring(b FROM 'FROM \(''([^'']+)'), '-', ''))::bit(48)::bigint / 1000.0),
           to_timestamp(('x' || translate(substring(b FROM 'TO \(''([^'']+)'), '-', ''))::bit(48)::bigint / 1000.0)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) b
    WHERE i.inhparent = 'tasks'::regclass AND b <> 'DEFAULT'
$$

--------
CREATE FUNCTION pad_tasks(partition text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
-- A megabyte of free space, which vacuum leaves alone by vacuum_truncate = false. PostgreSQL plans to read an empty
-- table from end to end, and long-lived connections keep such a plan while the table fills: until it is analysed, each
-- claim would read all of it.
BEGIN
    EXECUTE format($insert$
        INSERT INTO %I (id, kind, payload_version, title, payload)
        SELECT lpad(to_hex(n), 32, '0')::uuid, '', 0, string_agg(md5(n || '.' || i), ''), '{}'
        FROM generate_series(1, 384) n, generate_series(1, 55) i GROUP BY n $insert$, partition);
    EXECUTE format('DELETE FROM %I WHERE id <= lpad(to_hex(384), 32, ''0'')::uuid', partition);
END
$$

--------
CREATE FUNCTION make_partition_of(parent text, partition text, bounds text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
-- Attaching locks what is attached and the default partition, not the parent: beside the services, for milliseconds.
-- Indexes are made by name, so that those of each partition are called alike.
DECLARE
    options text := CASE parent WHEN 'tasks' THEN 'WITH (fillfactor = 80, vacuum_truncate = false)' ELSE '' END;
    made text;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) %s', partition, parent, options);
    FOR made IN SELECT regexp_replace(indexdef, 'INDEX ' || parent || '(\S+) ON ONLY \S+',
                                      format('INDEX %s\1 ON %s', partition, partition))
                FROM pg_indexes WHERE schemaname = 'public' AND tablename = parent ORDER BY indexname LOOP
        EXECUTE made;
    END LOOP;
    IF parent = 'tasks' THEN
        PERFORM pad_tasks(partition);
    END IF;
    EXECUTE format('ALTER TABLE %1$I ADD CONSTRAINT %2$I PRIMARY KEY USING INDEX %2$I',
                   partition, partition || '_pkey');
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', parent, partition, bounds);
END
$$

--------
CREATE FUNCTION make_task_partition(starts_at timestamptz, ends_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    suffix text := '_until_' || to_char(ends_at, 'YYYYMMDD');
    bounds text := format('FOR VALUES FROM (%L) TO (%L)', task_id_floor(starts_at), task_id_floor(ends_at));
BEGIN
    PERFORM make_partition_of('tasks', 'tasks' || suffix, bounds);
    PERFORM make_partition_of('attempts', 'attempts' || suffix, bounds);
END
$$

--------
CREATE FUNCTION drop_task_partition(of_tasks text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE %I, %I', of_tasks, 'attempts_' || substring(of_tasks FROM '^tasks_(.+)$'));
END
$$

--------
CREATE FUNCTION make_task_partitions(days integer, ahead_days integer) RETURNS TABLE (name text, outcome text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '200ms' SET timezone = 'UTC' AS $$
-- Partitions of so many days, until time is covered so far ahead. Nothing to do is the usual case, and takes no lock.
-- A partition that is longer than asked, not begun and empty makes room for shorter ones.
DECLARE
    span interval := make_interval(days => days);
    covered timestamptz;
    part record;
    taken boolean;
    first_id uuid;
    end_id uuid;
BEGIN
    IF days NOT BETWEEN 1 AND 400 OR ahead_days NOT BETWEEN 1 AND 400 OR days IS NULL OR ahead_days IS NULL THEN
        RAISE EXCEPTION 'a partition, and the time ahead, take 1 to 400 days'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('waybill.partitions')) THEN
        RETURN;  -- another relay is at it
    END IF;
    FOR part IN SELECT * FROM task_partitions() p WHERE p.starts_at > now() ORDER BY p.starts_at DESC LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', part.name) INTO taken;
        EXIT WHEN taken OR part.ends_at - part.starts_at <= span;
        LOCK TABLE tasks, attempts IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', part.name) INTO taken;
        EXIT WHEN taken;
        PERFORM drop_task_partition(part.name);
        name := part.name; outcome := 'replaced'; RETURN NEXT;
    END LOOP;
    SELECT max(p.ends_at) INTO covered FROM task_partitions() p;
    IF covered IS NULL OR covered <= now() THEN
        covered := date_trunc('day', now()) + interval '1 day';  -- what came since is in the default partition
    END IF;
    WHILE covered < now() + make_interval(days => ahead_days) LOOP
        name := 'tasks_until_' || to_char(covered + span, 'YYYYMMDD');
        first_id := task_id_floor(covered); end_id := task_id_floor(covered + span);
        IF EXISTS (SELECT FROM tasks_default t WHERE t.id >= first_id AND t.id < end_id)
            OR EXISTS (SELECT FROM attempts_default a WHERE a.task_id >= first_id AND a.task_id < end_id) THEN
            outcome := 'rows of its range are in the default partition'; RETURN NEXT;
        ELSIF pg_relation_size('tasks_default') > 256 * 1024 * 1024 THEN  -- attaching reads it, under a lock
            outcome := 'the default partition is too large'; RETURN NEXT;
        ELSE
            PERFORM make_task_partition(covered, covered + span);
            outcome := 'made'; RETURN NEXT;
        END IF;
        covered := covered + span;
    END LOOP;
END
$$

--------
CREATE FUNCTION drop_finished_task_partitions(keep_days integer) RETURNS TABLE (name text, outcome text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '200ms' SET timezone = 'UTC' AS $$
-- Whole partitions whose every task was accepted longer ago and is finished, and finished rows of the default
-- partition that ended longer ago. Looks first, so that services wait only for what will be dropped.
DECLARE
    part record;
    unfinished integer;
    gone uuid[];
BEGIN
    IF keep_days IS NULL OR keep_days < 1 THEN
        RAISE EXCEPTION 'tasks are kept for a day at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('waybill.partitions')) THEN
        RETURN;
    END IF;
    FOR part IN SELECT * FROM task_partitions() p WHERE p.ends_at <= now() - make_interval(days => keep_days)
                ORDER BY p.ends_at LOOP
        name := part.name;
        FOR look IN 1..2 LOOP
            EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE finished_at IS NULL LIMIT 1000) t', name)
                INTO unfinished;
            IF unfinished > 0 THEN
                outcome := 'kept for ' || unfinished || ' unfinished'; RETURN NEXT; EXIT;
            ELSIF look = 1 THEN
                LOCK TABLE tasks, attempts IN ACCESS EXCLUSIVE MODE;
            ELSE
                PERFORM drop_task_partition(name);
                outcome := 'dropped'; RETURN NEXT;
            END IF;
        END LOOP;
    END LOOP;
    WITH old AS (
        DELETE FROM tasks_default WHERE id IN (
            SELECT t.id FROM tasks_default t WHERE t.finished_at < now() - make_interval(days => keep_days) LIMIT 5000)
        RETURNING id
    ) SELECT array_agg(id) INTO gone FROM old;
    IF gone IS NOT NULL THEN
        DELETE FROM attempts_default WHERE task_id = ANY (gone);
        name := 'tasks_default'; outcome := 'deleted ' || cardinality(gone); RETURN NEXT;
    END IF;
END
$$
