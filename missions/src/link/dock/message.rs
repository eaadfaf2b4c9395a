//! The envelope around everything that docks say and hear.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::topic::{Channel, Topic};

/// Largest message that is read, bytes. The largest documented one has 4 KiB.
pub const MOST_BYTES: usize = 256 << 10;

/// A message. Documents leave out `method` and `gateway` in places, and write `timestamp` as a text or with a colon in its name: all are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Of one exchange.
    #[serde(default)]
    pub tid: String,
    /// Of one piece of business, over several exchanges.
    #[serde(default)]
    pub bid: String,
    /// When it was sent by the sender's clock, milliseconds since 1970.
    #[serde(default, deserialize_with = "millis", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Serial number of the dock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// 1 when a receipt is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need_reply: Option<u8>,
    /// The rest.
    #[serde(default)]
    pub data: Value,
}

fn millis<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok())))
}

impl Message {
    /// Returns the result code of a reply or an event; 0 is well.
    pub fn result(&self) -> Option<i64> {
        self.data.get("result").and_then(Value::as_i64)
    }
}

/// A message as a broker brings it.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// On which topic.
    pub topic: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// To which topic.
    pub topic: Topic,
    /// What.
    pub message: Message,
}

impl Outgoing {
    /// Returns it as bytes for a broker.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.message).unwrap_or_default()
    }

    /// Returns it as a broker hands it on.
    pub fn incoming(&self) -> Incoming {
        Incoming { topic: self.topic.to_string(), payload: self.bytes() }
    }
}

/// Why a message was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// More than fits the budget of one dock.
    #[error("too many messages")]
    Flood,
    /// Larger than [`MOST_BYTES`].
    #[error("a message is larger than {MOST_BYTES} bytes")]
    Large,
    /// Not a topic of the interface.
    #[error("a topic is none of the interface")]
    Topic,
    /// The topic is of another device.
    #[error("a topic is of serial number {0}, which is not this dock or its aircraft")]
    Stranger(String),
    /// Topic and message name different docks.
    #[error("a message on the topic of {topic} says that it is of {said}")]
    Forged {
        /// Serial number of the topic.
        topic: String,
        /// Serial number in the message.
        said: String,
    },
    /// No JSON, or not of this shape.
    #[error("a message cannot be read: {0}")]
    Unreadable(String),
}

/// Reads a message of a dock or its aircraft. What the topic says is the broker's word, held against what the message says.
///
/// # Errors
/// When it is too large, not of this interface, of another device, or names another dock than its topic.
pub fn read(
    incoming: &Incoming,
    gateway: &str,
    aircraft: Option<&str>,
) -> Result<(Channel, Topic, Message), Refusal> {
    if incoming.payload.len() > MOST_BYTES {
        return Err(Refusal::Large);
    }
    let topic = Topic::parse(&incoming.topic).ok_or(Refusal::Topic)?;
    let of_aircraft =
        matches!(topic.channel, Channel::Osd | Channel::State) && aircraft == Some(topic.serial.as_str());
    if topic.serial != gateway && !of_aircraft {
        return Err(Refusal::Stranger(topic.serial));
    }
    let message: Message =
        serde_json::from_slice(&incoming.payload).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    match &message.gateway {
        // An aircraft's properties name the dock as their gateway.
        Some(said) if said != gateway => Err(Refusal::Forged { topic: topic.serial, said: said.clone() }),
        _ => Ok((topic.channel, topic, message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(topic: &str, payload: &str) -> Incoming {
        Incoming { topic: topic.to_owned(), payload: payload.as_bytes().to_vec() }
    }

    #[test]
    fn a_message_that_names_another_dock_than_its_topic_is_forged() {
        let forged = incoming("thing/product/dock-1/events", r#"{"gateway":"dock-2","data":{}}"#);
        let refused = read(&forged, "dock-1", None).unwrap_err();
        assert_eq!(refused, Refusal::Forged { topic: "dock-1".into(), said: "dock-2".into() });
    }

    #[test]
    fn strangers_giants_and_nonsense_are_refused() {
        let stranger = incoming("thing/product/dock-2/events", "{}");
        assert_eq!(read(&stranger, "dock-1", Some("drone")), Err(Refusal::Stranger("dock-2".into())));
        let order = incoming("thing/product/drone/services_reply", "{}");
        assert_eq!(read(&order, "dock-1", Some("drone")), Err(Refusal::Stranger("drone".into())));
        let large =
            Incoming { topic: "thing/product/dock-1/osd".into(), payload: vec![b' '; MOST_BYTES + 1] };
        assert_eq!(read(&large, "dock-1", None), Err(Refusal::Large));
        let deep = "[".repeat(100_000);
        for payload in ["", "{", "null", "{\"tid\": 7}", &deep] {
            let found = read(&incoming("thing/product/dock-1/osd", payload), "dock-1", None);
            assert!(matches!(found, Err(Refusal::Unreadable(_))), "{payload:.20}");
        }
    }
}
