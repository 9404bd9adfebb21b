"""Two-stage payments over HTTP: made, paid, captured, and everything that is refused."""

import pytest

from billing.platform.ids import new_id

STAFF = "payments:read payments:write payments:read_all"


@pytest.fixture
def customer():
    return str(new_id())


@pytest.fixture
def client(api, customer):
    with api.client(customer) as client:
        yield client


@pytest.fixture
def held(api, client, eventually):
    def make(**more):
        body = {"value": "1342.00", "currency": "RUB", "capture": False, **more}
        answer = client.post("/api/v1/payment", json=body)
        assert answer.status_code == 201, answer.text
        [theirs] = api.sandbox.payments_of(answer.json()["id"])
        api.sandbox.succeed(theirs["id"])
        path = f"/api/v1/payment/{answer.json()['id']}"
        eventually(lambda: client.get(path).json()["status"] == "waiting_for_capture")
        return path

    return make


def test_a_part_is_captured_and_credited(api, client, held):
    path = held()
    shown = client.get(path).json()
    assert (shown["captured_value"], shown["paid_at"]) == ("0.00", None)
    assert shown["capture_before"].endswith("Z")
    answer = client.post(f"{path}/capture", json={"value": 500.5})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["captured_value"]) == ("succeeded", "500.50")
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "500.50"
    [line] = client.get("/api/v1/statement").json()["lines"]
    assert (line["kind"], line["value"]) == ("payment", "500.50")


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_without_a_value_all_of_it_is_captured(client, held, content):
    answer = client.post(f"{held()}/capture", content=content)
    assert (answer.status_code, answer.json()["captured_value"]) == (200, "1342.00")


def test_a_repeat_is_the_same_bytes_and_says_so(client, held, check_problem):
    path, key = f"{held()}/capture", {"Idempotency-Key": "capture-1"}
    first = client.post(path, json={"value": "100.00"}, headers=key)
    second = client.post(path, json={"value": "100.00"}, headers=key)
    assert (first.content, first.status_code) == (second.content, second.status_code)
    assert second.headers["idempotent-replayed"] == "true"
    other = client.post(path, json={"value": "100.01"}, headers=key)
    check_problem(other, 422, "idempotency_key_reused")
    check_problem(client.post(path, json={"value": "100.00"}), 409, "payment_final")


def test_what_is_undecided_is_202_and_ends_by_itself(api, client, held, eventually, check_problem):
    path = held()
    api.sandbox.fault("error_500_after")
    answer = client.post(f"{path}/capture", json={"value": "100.00"})
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting_for_capture")
    assert answer.headers["retry-after"]
    eventually(lambda: client.get(path).json()["captured_value"] == "100.00")


def test_another_amount_while_one_is_undecided_is_409(api, client, held, eventually, check_problem):
    path = held()
    api.sandbox.fault("error_500_before", times=3)
    assert client.post(f"{path}/capture", json={"value": "100.00"}).status_code == 202
    answer = client.post(f"{path}/capture", json={"value": "100.01"})
    check_problem(answer, 409, "capture_in_progress")
    api.sandbox.calm()
    eventually(lambda: client.get(path).json()["captured_value"] == "100.00")


@pytest.mark.parametrize("value", ["0.00", "-1.00", "0.99", "1.005", "1e2", "x", True])
def test_what_is_no_amount_is_422(client, held, check_problem, value):
    path = held()
    answer = client.post(f"{path}/capture", json={"value": value})
    check_problem(answer, 422, "validation_error")
    assert client.get(path).json()["status"] == "waiting_for_capture"


def test_more_than_is_held_is_409_and_changes_nothing(client, held, check_problem):
    path = held()
    answer = client.post(f"{path}/capture", json={"value": "1342.01"})
    check_problem(answer, 409, "capture_exceeds_held")
    assert client.get(path).json()["captured_value"] == "0.00"


def test_what_is_not_paid_not_there_or_not_theirs(api, client, held, check_problem):
    made = client.post("/api/v1/payment", json={"value": "9.00", "currency": "RUB"}).json()
    answer = client.post(f"/api/v1/payment/{made['id']}/capture")
    check_problem(answer, 409, "payment_not_held")
    for unknown in (str(new_id()), "nonsense"):
        answer = client.post(f"/api/v1/payment/{unknown}/capture")
        check_problem(answer, 404, "payment_not_found")
    path = held()
    with api.client(str(new_id())) as stranger:
        check_problem(stranger.post(f"{path}/capture"), 404, "payment_not_found")
    with api.client("support-person", STAFF) as staff:
        assert staff.post(f"{path}/capture").status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"capture": "false"},
        {"capture": None},
        {"capture": 0},
        {"on_expiry": "release"},
        {"capture": True, "on_expiry": "capture"},
        {"capture": False, "on_expiry": "keep"},
    ],
)
def test_a_policy_is_for_two_stages_only(client, check_problem, more):
    body = {"value": "10.00", "currency": "RUB", **more}
    check_problem(client.post("/api/v1/payment", json=body), 422, "validation_error")


@pytest.mark.parametrize(("given", "kept"), [({}, "release"), ({"on_expiry": "capture"},) * 2])
def test_the_policy_is_kept_and_the_feed_carries_it(api, held, given, kept):
    path = held(**given)
    [[data]] = api.sql(
        "SELECT data FROM changes WHERE object_id = %s ORDER BY version DESC LIMIT 1",
        path.rpartition("/")[2],
    )
    assert data["on_expiry"] == (kept if isinstance(kept, str) else kept["on_expiry"])


def test_another_policy_under_the_same_key_is_another_request(client, check_problem):
    body = {"value": "10.00", "currency": "RUB"}
    key = {"Idempotency-Key": str(new_id())}
    assert client.post("/api/v1/payment", json=body, headers=key).status_code == 201
    for more in ({"capture": False}, {"capture": False, "on_expiry": "capture"}):
        answer = client.post("/api/v1/payment", json={**body, **more}, headers=key)
        check_problem(answer, 422, "idempotency_key_reused")
    same = client.post("/api/v1/payment", json={**body, "capture": True}, headers=key)
    assert same.headers["idempotent-replayed"] == "true"
