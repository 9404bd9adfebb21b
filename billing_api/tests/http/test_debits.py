"""Charges, holds and adjustments over HTTP: shapes, headers and callers."""

from billing_parts.debits import ADJUST, ADMIN, BODY, CHARGE, HOLD, STAFF, balance

from billing.platform.ids import new_id


def test_a_charge_is_as_the_contract_says(client, fund):
    fund()
    answer = client.post(CHARGE, json={**BODY, "metadata": {"order": "17"}})
    assert answer.status_code == 201
    charge = answer.json()
    assert answer.headers["location"] == f"{CHARGE}/{charge['id']}"
    assert charge == {
        "id": charge["id"],
        "value": "25.00",
        "currency": "RUB",
        "reason": "Доступ на день",
        "metadata": {"order": "17"},
        "reversed_value": "0.00",
        "created_at": charge["created_at"],
    }
    assert client.get(answer.headers["location"]).json() == charge
    assert client.get(CHARGE).json()["items"] == [charge]
    assert balance(client) == ("75.00", "0.00")
    statement = client.get("/api/v1/statement").json()
    assert [line["kind"] for line in statement["lines"]] == ["adjustment", "charge"]
    assert statement["closing_balance"] == "75.00"


def test_not_enough_is_402_and_says_how_much_is_missing(client, fund, check_problem):
    fund("24.99")
    problem = check_problem(client.post(CHARGE, json=BODY), 402, "insufficient_funds")
    assert problem["missing"] == "0.01"
    assert balance(client) == ("24.99", "0.00")
    part = client.post(CHARGE, json={**BODY, "allow_partial": True})
    assert (part.status_code, part.json()["value"]) == (201, "24.99")


def test_a_program_charges_any_customer_and_must_name_one(shop, client, fund, customer):
    fund()
    assert shop.post(CHARGE, json=BODY).status_code == 422
    answer = shop.post(CHARGE, json={**BODY, "customer_id": customer})
    assert answer.status_code == 201
    again = shop.post(CHARGE, json={**BODY, "customer_id": customer})
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == answer.content
    assert shop.get(f"{CHARGE}?customer_id={customer}").json()["items"] == [answer.json()]
    assert balance(client) == ("75.00", "0.00")


def test_a_program_needs_a_key_everywhere_and_one_key_is_one_request(
    shop, fund, customer, check_problem
):
    fund()
    body = {**BODY, "customer_id": customer}
    charge = shop.post(CHARGE, json=body).json()
    other = shop.post(CHARGE, json={**body, "value": "1.00"})
    check_problem(other, 422, "idempotency_key_reused")
    del shop.headers["Idempotency-Key"]
    for path, sent in ((CHARGE, body), (HOLD, body), (f"{CHARGE}/{charge['id']}/reverse", {})):
        check_problem(shop.post(path, json=sent), 400, "idempotency_key_required")


def test_nobody_debits_a_balance_that_is_not_theirs(client, fund, check_problem):
    fund()
    for path in (CHARGE, HOLD):
        answer = client.post(path, json={**BODY, "customer_id": "somebody-else"})
        check_problem(answer, 403, "forbidden")
    check_problem(client.get(f"{CHARGE}?customer_id=somebody-else"), 403, "forbidden")


def test_a_reversal_is_201_with_the_charge_and_no_more_than_it(
    shop, client, fund, customer, check_problem
):
    fund()
    charge = shop.post(CHARGE, json={**BODY, "customer_id": customer}).json()
    path = f"{CHARGE}/{charge['id']}/reverse"
    check_problem(client.post(path), 403, "forbidden")
    shop.headers["Idempotency-Key"] = str(new_id())
    part = shop.post(path, json={"value": 5})
    assert (part.status_code, part.json()["reversed_value"]) == (201, "5.00")
    shop.headers["Idempotency-Key"] = str(new_id())
    check_problem(shop.post(path, json={"value": "20.01"}), 409, "reversal_exceeds_charge")
    assert shop.post(path).json()["reversed_value"] == "25.00"
    shop.headers["Idempotency-Key"] = str(new_id())
    check_problem(shop.post(path), 409, "reversal_exceeds_charge")
    assert balance(client) == ("100.00", "0.00")
    nowhere = shop.post(f"{CHARGE}/{new_id()}/reverse")
    check_problem(nowhere, 404, "charge_not_found")


def test_a_hold_is_as_the_contract_says(client, fund, check_problem):
    fund()
    answer = client.post(HOLD, json={**BODY, "value": 30})
    assert answer.status_code == 201
    hold = answer.json()
    assert hold == {
        "id": hold["id"],
        "status": "held",
        "value": "30.00",
        "captured_value": "0.00",
        "currency": "RUB",
        "reason": "Доступ на день",
        "expires_at": hold["expires_at"],
        "created_at": hold["created_at"],
    }
    assert balance(client) == ("70.00", "30.00")
    path = f"{HOLD}/{hold['id']}"
    assert client.get(path).json() == hold
    assert client.get(HOLD).json()["items"] == [hold]
    too_much = client.post(f"{path}/capture", json={"value": "30.01"})
    check_problem(too_much, 409, "capture_exceeds_hold")
    captured = client.post(f"{path}/capture", json={"value": "10.00"})
    assert captured.status_code == 200
    assert captured.json() == {**hold, "status": "captured", "captured_value": "10.00"}
    assert balance(client) == ("90.00", "0.00")
    check_problem(client.post(f"{path}/capture"), 409, "hold_over")
    check_problem(client.post(f"{path}/release"), 409, "hold_over")
    [charge] = client.get(CHARGE).json()["items"]
    assert (charge["value"], charge["metadata"]) == ("10.00", {"balance_hold_id": hold["id"]})
    check_problem(client.post(f"{HOLD}/{new_id()}/release"), 404, "hold_not_found")


def test_a_released_hold_cannot_be_captured(client, fund, check_problem):
    fund()
    hold = client.post(HOLD, json=BODY).json()
    released = client.post(f"{HOLD}/{hold['id']}/release", json={})
    assert (released.status_code, released.json()["status"]) == (200, "released")
    check_problem(client.post(f"{HOLD}/{hold['id']}/capture"), 409, "hold_over")
    assert balance(client) == ("100.00", "0.00")


def test_the_worker_ends_a_hold_and_takes_back_what_has_expired(client, fund, api, eventually):
    soon = api.sql("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 seconds',"
                   " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]  # fmt: skip
    fund()
    assert fund("7.00", kind="promo", expires_at=soon).status_code == 201
    hold = client.post(HOLD, json={**BODY, "expires_at": soon}).json()
    path = f"{HOLD}/{hold['id']}"
    eventually(lambda: client.get(path).json()["status"] == "expired")
    eventually(lambda: balance(client) == ("100.00", "0.00"))


def test_an_adjustment_is_as_the_contract_says_and_kept_with_its_maker(api, client, fund, customer):
    answer = fund("300.00", kind="promo", expires_at="2100-01-01T00:00:00Z")
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "customer_id": customer,
        "kind": "promo",
        "value": "300.00",
        "currency": "RUB",
        "reason": "Доступ на день",
        "expires_at": "2100-01-01T00:00:00.000Z",
        "created_at": made["created_at"],
    }
    assert balance(client) == ("300.00", "0.00")
    with api.client("support-person", STAFF) as staff:
        assert staff.get(f"{ADJUST}/{made['id']}").json() == made
        assert staff.get(f"{ADJUST}?customer_id={customer}").json()["items"] == [made]
    [[maker]] = api.sql("SELECT made_by FROM balance_adjustments WHERE id = %s", made["id"])
    assert maker == "finance-person"


def test_each_role_has_its_limit(api, fund, customer, check_problem):
    assert fund("10000.00").status_code == 201
    check_problem(fund("10000.01"), 403, "adjustment_above_limit")
    body = {**BODY, "value": "100000.00", "kind": "paid", "customer_id": customer}
    with api.client("admin-person", ADMIN) as admin:
        assert admin.post(ADJUST, json=body).status_code == 201
        answer = admin.post(ADJUST, json={**body, "value": "100000.01"})
        check_problem(answer, 403, "adjustment_above_limit")
        check_problem(admin.get(f"{ADJUST}/{new_id()}"), 404, "adjustment_not_found")


def test_a_customer_gives_back_only_what_they_charged_themselves(
    client, shop, fund, customer, check_problem
):
    """What a program charged may have been delivered; its customer is not the judge of that."""
    fund()
    by_shop = shop.post(CHARGE, json={**BODY, "customer_id": customer}).json()
    check_problem(client.post(f"{CHARGE}/{by_shop['id']}/reverse"), 403, "forbidden")
    assert balance(client) == ("75.00", "0.00")
    own = client.post(CHARGE, json=BODY).json()
    assert client.post(f"{CHARGE}/{own['id']}/reverse").status_code == 201
    assert balance(client) == ("75.00", "0.00")
