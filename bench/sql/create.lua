-- One payment a request, each under a key of its own.
local count = 0
local run = os.time() .. "-" .. math.random(1, 1e9)
request = function()
    count = count + 1
    local headers = { ["Authorization"] = wrk.headers["Authorization"], ["Content-Type"] = "application/json",
                      ["Idempotency-Key"] = run .. "-" .. count }
    return wrk.format("POST", nil, headers, '{"value": 1342.00, "currency": "RUB", "description": "bench"}')
end
