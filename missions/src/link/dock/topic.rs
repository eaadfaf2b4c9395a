//! Topics of DJI's Cloud API.

use std::fmt;

/// Longest serial that is read, bytes.
const SERIAL: usize = 64;

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Orders to the dock.
    Services,
    /// What it says to them.
    ServicesReply,
    /// What the dock tells.
    Events,
    /// Receipts for it.
    EventsReply,
    /// What the dock asks.
    Requests,
    /// Answers to it.
    RequestsReply,
    /// Properties that are sent all the time.
    Osd,
    /// Properties that are sent when they change.
    State,
    /// The dock and its aircraft come and go.
    Status,
    /// Receipts for that.
    StatusReply,
    /// Properties that are set.
    PropertySet,
    /// What became of it.
    PropertySetReply,
    /// Live flight control, to the dock.
    DrcDown,
    /// Live flight control, from the dock.
    DrcUp,
}

impl Channel {
    const ALL: [(Self, &'static str, &'static str); 14] = [
        (Self::Services, "thing", "services"),
        (Self::ServicesReply, "thing", "services_reply"),
        (Self::Events, "thing", "events"),
        (Self::EventsReply, "thing", "events_reply"),
        (Self::Requests, "thing", "requests"),
        (Self::RequestsReply, "thing", "requests_reply"),
        (Self::Osd, "thing", "osd"),
        (Self::State, "thing", "state"),
        (Self::Status, "sys", "status"),
        (Self::StatusReply, "sys", "status_reply"),
        (Self::PropertySet, "thing", "property/set"),
        (Self::PropertySetReply, "thing", "property/set_reply"),
        (Self::DrcDown, "thing", "drc/down"),
        (Self::DrcUp, "thing", "drc/up"),
    ];

    /// Channels on which a dock speaks and flights are steered by.
    pub const UP: [Self; 6] =
        [Self::ServicesReply, Self::Events, Self::Requests, Self::Osd, Self::State, Self::Status];
    /// Channels on which a dock listens.
    pub const DOWN: [Self; 4] = [Self::Services, Self::EventsReply, Self::RequestsReply, Self::StatusReply];

    /// Tells whether the dock speaks here.
    pub fn is_up(self) -> bool {
        Self::UP.contains(&self) || matches!(self, Self::PropertySetReply | Self::DrcUp)
    }
}

/// A topic: whose, and what it carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Serial number of the gateway, or of the device on [`Channel::Osd`] and [`Channel::State`].
    pub serial: String,
    /// What it carries.
    pub channel: Channel,
}

impl Topic {
    /// Returns the topic of a device.
    pub fn new(serial: impl Into<String>, channel: Channel) -> Self {
        Self { serial: serial.into(), channel }
    }

    /// Reads a topic; none for those that are not of this interface.
    pub fn parse(text: &str) -> Option<Self> {
        let (root, rest) = text.split_once("/product/")?;
        let (serial, tail) = rest.split_once('/')?;
        let channel = Channel::ALL.iter().find(|(_, head, end)| *head == root && *end == tail)?.0;
        is_serial(serial).then(|| Self::new(serial, channel))
    }
}

/// Tells whether a text may be a serial number: no wildcard, no separator.
pub fn is_serial(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= SERIAL
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Channel::ALL.iter().find(|(channel, ..)| *channel == self.channel);
        let (_, root, tail) = found.unwrap_or(&Channel::ALL[0]);
        write!(f, "{root}/product/{}/{tail}", self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_as_they_are_written() {
        for (channel, ..) in Channel::ALL {
            let topic = Topic::new("7CTDM3D00BRT8K", channel);
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
    }

    #[test]
    fn wildcards_and_strange_topics_are_none() {
        for text in [
            "thing/product/+/osd",
            "thing/product/#/osd",
            "thing/product//osd",
            "thing/product/a/b/osd",
            "x",
            "sys/product/a/osd",
        ] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
    }
}
