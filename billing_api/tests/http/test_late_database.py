"""The API is started before its database: it answers, says why it cannot, and heals by itself."""

import asyncio
import time
from urllib.parse import urlsplit

import httpx
from billing_parts.processes import free_port


async def test_a_database_that_comes_late_is_503_until_then_and_needs_no_restart(
    api, start_api, customer, check_problem
):
    parts = urlsplit(api.urls.service)
    port = free_port()
    late = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
    address = await asyncio.to_thread(start_api, late)
    headers = {"Authorization": f"Bearer {api.issuer.sign(customer)}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client:
        started = time.monotonic()
        answer = await client.get("/api/v1/balance")
        assert time.monotonic() - started < 5
        check_problem(answer, 503, "service_unavailable")
        check_problem(await client.get("/health/ready"), 503, "service_unavailable")
        body = {"value": "10.00", "currency": "RUB"}
        check_problem(await client.post("/api/v1/payment", json=body), 503, "service_unavailable")

        async with await asyncio.start_server(_carry_to(parts), "127.0.0.1", port):
            assert (await client.get("/api/v1/balance")).status_code == 200
            assert (await client.post("/api/v1/payment", json=body)).status_code == 201


def _carry_to(parts):
    async def carry(reader, writer):
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, far_writer))
            group.create_task(_pump(far_reader, writer))

    return carry


async def _pump(source, sink):
    while data := await source.read(65536):
        sink.write(data)
    sink.close()
