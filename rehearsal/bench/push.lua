-- The load of the push benchmark, for wrk: `wrk ... -s push.lua URL -- CASE TOKEN PREFIX SESSIONS`.
-- Each lap goes once over all sessions, so that no two connections ever have the same one under way.

local case, token, prefix, sessions
local count, bad = 0, 0

local PERIOD = '{"start_date_time":"%s","dimensions":[{"type":"POWER","volume":%.1f}]}'
local SESSION = '{"country_code":"SK","party_id":"ION","id":"%s","start_date_time":"2026-01-01T10:00:00Z","kwh":%.4f,'
  .. '"cdr_token":{"country_code":"SK","party_id":"SFP","uid":"%s","type":"AD_HOC_USER",'
  .. '"contract_id":"SK-SFP-C00000001"},"auth_method":"COMMAND","authorization_reference":"%s",'
  .. '"location_id":"L0","evse_uid":"L0-1","connector_id":"1","currency":"EUR","charging_periods":[%s],'
  .. '"status":"ACTIVE","last_updated":"%s"}'

local function moment(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", 1767261600 + seconds)
end

function init(args)
  case, token, prefix, sessions = args[1], args[2], args[3], tonumber(args[4])
  wrk.headers["Authorization"] = "Token " .. token
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  local number, lap = count % sessions, math.floor(count / sessions)
  local step, id = lap % 4, nil
  count = count + 1
  wrk.headers["X-Request-ID"] = prefix .. "-" .. count
  local seconds, kwh, uid, reference = lap * 30, lap * 0.4, "BENCHTOKEN1", nil
  if case == "waiting" then
    id, reference, uid = "W-" .. number, "00000000-0000-4000-8000-" .. string.format("%012d", number), "W" .. number
    seconds, kwh = tonumber(prefix) * 100000 + lap * 30, tonumber(prefix) * 100 + lap * 0.01
  else
    id = prefix .. "-" .. math.floor(lap / 4) .. "-" .. number
    reference, seconds, kwh = "ref-" .. id, step * 30, step * 0.4
  end
  local now, path = moment(seconds), "/ocpi/emsp/2.2.1/sessions/SK/ION/" .. id
  local first = string.format(PERIOD, moment(0), 48.5)
  if case == "faulty" and count % 20 == 0 then
    return wrk.format("PUT", path .. "-bad", nil, '{"id": "' .. id .. '-bad", "kwh": "many"}')
  end
  if step % 2 == 0 then
    return wrk.format("PUT", path, nil, string.format(SESSION, id, kwh, uid, reference, first, now))
  end
  local more = step == 3 and ',"charging_periods":[' .. string.format(PERIOD, now, 47.0) .. "]" or ""
  return wrk.format("PATCH", path, nil, string.format('{"kwh":%.4f,"last_updated":"%s"%s}', kwh, now, more))
end

function response(status)
  if status ~= 200 and status ~= 201 then bad = bad + 1 end
end
