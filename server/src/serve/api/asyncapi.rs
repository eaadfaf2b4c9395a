//! The description of the events: what they look like and the ways on which they come, as AsyncAPI 3.
//!
//! # References
//! AsyncAPI 3.0.0; HTTP and MQTT 5 bindings; CloudEvents 1.0.2.

use axum::Json;
use serde_json::{Value, json};

/// Types of the events, each with what it says.
const KINDS: [(&str, &str); 6] = [
    ("cn.flyonce.run.added", "A run of the analysis is new"),
    ("cn.flyonce.incident.added", "An incident is new"),
    ("cn.flyonce.incident.changed", "An incident differs from before"),
    ("cn.flyonce.task.added", "A task is new"),
    ("cn.flyonce.task.changed", "A task differs from before"),
    (
        "cn.flyonce.operation.done",
        "A person decided something; what it changed follows as events of their own",
    ),
];
/// Schemas of the other description that events hold.
const SCHEMAS: [&str; 5] = ["CaseView", "TaskView", "AssistingView", "PositionView", "StillView"];

/// Describes the events: feed, stream, webhooks and MQTT topics, as AsyncAPI 3.
#[utoipa::path(get, path = "/v1/asyncapi.json", responses((status = 200, body = Object)))]
pub async fn asyncapi() -> Json<Value> {
    Json(document())
}

/// Returns the description of the events.
pub fn document() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "flyonce events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What changes in a city, as CloudEvents 1.0. All ways give the same events in the same order; `id` is the number \
                of the event and the cursor to go on from. Delivery is at least once: who receives one twice knows it by its `id`.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": servers(),
        "channels": channels(),
        "operations": operations(),
        "components": {"messages": {"event": message()}, "schemas": schemas(), "securitySchemes": security()},
    })
}

fn servers() -> Value {
    json!({
        "flyonce": {
            "host": "localhost:8080", "protocol": "http", "description": "The server itself; https where it, or what stands in front of it, has a certificate.",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
        "broker": {
            "host": "localhost:8883", "protocol": "secure-mqtt", "protocolVersion": "5",
            "description": "Each broker of `[[mqtt]]` in the configuration.",
            "security": [{"$ref": "#/components/securitySchemes/user"}],
        },
        "receiver": {
            "host": "receiver.example", "protocol": "https", "description": "Each receiver of `[[webhooks]]` in the configuration.",
        },
    })
}

fn security() -> Value {
    json!({
        "token": {"type": "http", "scheme": "bearer", "description": "A token with the scope `read`."},
        "user": {"type": "userPassword"},
    })
}

fn channels() -> Value {
    let messages = json!({"event": {"$ref": "#/components/messages/event"}});
    let server = |name: &str| json!([{"$ref": format!("#/servers/{name}")}]);
    json!({
        "feed": {
            "address": "/v1/feed", "messages": messages, "servers": server("flyonce"),
            "description": "Pages of events after the cursor `after`, with a wait of up to 60 s for the next one.",
        },
        "stream": {
            "address": "/v1/feed/stream", "messages": messages, "servers": server("flyonce"),
            "description": "Server-sent events; `Last-Event-ID` goes on where a connection broke.",
        },
        "webhook": {
            "address": "/", "messages": messages, "servers": server("receiver"),
            "description": "One POST an event, signed as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`, `webhook-signature`).",
        },
        "topics": {
            "address": "{prefix}/v1/{department}/{kind}/{id}", "messages": messages, "servers": server("broker"),
            "description": "QoS 1, structured mode; the attributes are user properties too. One message for each department concerned.",
            "parameters": {
                "prefix": {"description": "`prefix` of the broker's configuration", "default": "flyonce"},
                "department": {"description": "Id of a department that leads or assists; `-` for what concerns none"},
                "kind": {"description": "What the event is about", "enum": ["incident", "task", "run", "operation"]},
                "id": {"description": "Its identity"},
            },
        },
        "status": {
            "address": "{prefix}/v1/status", "servers": server("broker"),
            "messages": {"status": {"contentType": "text/plain", "payload": {"type": "string", "enum": ["online", "offline"]}}},
            "description": "Retained; `offline` is the last will of the connection.",
            "parameters": {"prefix": {"description": "`prefix` of the broker's configuration", "default": "flyonce"}},
        },
    })
}

fn operations() -> Value {
    let send = |channel: &str, summary: &str, bindings: Value| {
        json!({
            "action": "send", "channel": {"$ref": format!("#/channels/{channel}")}, "summary": summary, "bindings": bindings,
        })
    };
    let http = |method: &str| json!({"http": {"method": method, "bindingVersion": "0.3.0"}});
    let mqtt =
        |qos: u8, retain: bool| json!({"mqtt": {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}});
    json!({
        "answerFeed": send("feed", "Answers a poll", http("GET")),
        "sendStream": send("stream", "Streams", http("GET")),
        "postWebhook": send("webhook", "Posts to a receiver", http("POST")),
        "publish": send("topics", "Publishes to a broker", mqtt(1, false)),
        "publishStatus": send("status", "Says whether the server is there", mqtt(0, true)),
    })
}

fn message() -> Value {
    json!({
        "name": "event", "title": "A change", "contentType": "application/cloudevents+json",
        "payload": {"$ref": "#/components/schemas/CloudEvent"},
    })
}

/// The schemas of what events hold are those of the interface.
fn schemas() -> Value {
    let openapi = serde_json::to_value(super::openapi()).unwrap_or_default();
    let shared = |name: &str| (name.to_owned(), openapi["components"]["schemas"][name].clone());
    let mut all: serde_json::Map<String, Value> = SCHEMAS.iter().map(|name| shared(name)).collect();
    all.insert("CloudEvent".to_owned(), cloud_event());
    Value::Object(all)
}

fn cloud_event() -> Value {
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let about: Vec<String> = KINDS.iter().map(|(kind, about)| format!("`{kind}`: {about}.")).collect();
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Number of the event, rising without reuse: the cursor."},
            "source": {"const": "/flyonce"},
            "type": {"enum": kinds, "description": about.join(" ")},
            "subject": {"type": "string", "description": "Identity of what it is about"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": {
                "type": "object",
                "required": ["case"],
                "properties": {
                    "case": {
                        "oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/CaseView"}],
                        "description": "The incident with its task as they are now; null where it is about none.",
                    },
                    "operation": {
                        "type": "object",
                        "required": ["name", "actor", "reason"],
                        "properties": {
                            "name": {"type": "string"}, "actor": {"type": "string"}, "reason": {"type": "string"},
                        },
                    },
                },
            },
        },
    })
}
