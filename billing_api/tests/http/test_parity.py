"""The figures a mirror is compared with, as a program asks for them."""

PATH = "/api/v1/changes/parity"


def test_a_program_gets_figures_by_day_at_the_position_it_has_read_to(api, customer):
    with api.client(customer) as client:
        client.post("/api/v1/payment", json={"value": "10.00", "currency": "RUB"})
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as program:
        after = program.get("/api/v1/changes", params={"limit": 5000}).json()["next_after"]
        answer = program.get(PATH, params={"kind": "payment", "at": after})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["kind"], told["at"]) == ("payment", after)
    assert all(set(day) == {"day", "count", "sum", "checksum"} for day in told["days"])
    assert sum(day["count"] for day in told["days"]) >= 1
    assert [day["day"] for day in told["days"]] == sorted(day["day"] for day in told["days"])


def test_what_is_no_kind_or_no_position_of_the_past_is_refused(api, check_problem):
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as program:
        for query in (
            {},
            {"kind": "payment"},
            {"kind": "plan", "at": "0-0"},
            {"kind": "payment", "at": "yesterday"},
            {"kind": "payment", "at": "18446744073709551615-0"},
        ):
            check_problem(program.get(PATH, params=query), 422, "validation_error")
