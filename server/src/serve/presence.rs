//! Who looks at what: two people on one incident see each other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gis::IncidentId;
use jiff::{SignedDuration, Timestamp};

/// Who said nothing for this long looks no more.
const GONE: SignedDuration = SignedDuration::from_secs(30);
/// People kept at most.
const MOST: usize = 1_000;

/// Who looks at what.
#[derive(Debug, Default)]
pub struct Presence {
    looking: Mutex<BTreeMap<String, (IncidentId, Timestamp)>>,
}

impl Presence {
    /// Notes what somebody looks at; nothing for who looks away.
    pub fn look(&self, name: &str, at: Option<IncidentId>, now: Timestamp) {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        looking.retain(|_, (_, when)| now.duration_since(*when) < GONE);
        match at {
            Some(incident) if looking.len() < MOST => {
                looking.insert(name.to_owned(), (incident, now));
            }
            _ => {
                looking.remove(name);
            }
        }
    }

    /// Returns who else looks at an incident, by name.
    pub fn others(&self, incident: IncidentId, name: &str, now: Timestamp) -> Vec<String> {
        let looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |other: &(&String, &(IncidentId, Timestamp))| {
            *other.0 != name && other.1.0 == incident && now.duration_since(other.1.1) < GONE
        };
        looking.iter().filter(here).map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn two_people_on_one_incident_see_each_other_until_one_looks_away() {
        let presence = Presence::default();
        let (incident, now) = (IncidentId(Uuid::from_u128(1)), Timestamp::UNIX_EPOCH);
        presence.look("li", Some(incident), now);
        presence.look("wang", Some(incident), now);
        assert_eq!(presence.others(incident, "li", now), ["wang"]);
        presence.look("wang", None, now);
        assert!(presence.others(incident, "li", now).is_empty());
        presence.look("wang", Some(incident), now);
        assert!(presence.others(incident, "li", now + SignedDuration::from_secs(31)).is_empty());
    }
}
