//! The feed of a server: each event of the store as a CloudEvent, rendered once, read by any number of consumers.
//!
//! A consumer has a cursor, the number of the last event it read. The latest events are in memory; older ones are read from
//! the store, so that a consumer may come back after any time and loses nothing.
//!
//! # References
//! CloudEvents 1.0.2, JSON format.

use std::collections::VecDeque;
use std::sync::Arc;

use gis::IncidentId;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Change, StoredEvent};

use super::board::Board;
use super::views::case_view;
use crate::wire::City;

/// Events kept in memory.
const KEPT: usize = 20_000;

/// An event, ready to be sent.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Number.
    pub seq: u64,
    /// Type of the CloudEvent.
    pub kind: &'static str,
    /// Departments that it concerns; none for what concerns no task.
    pub departments: Vec<String>,
    /// The CloudEvent as JSON, without line breaks.
    pub json: Arc<str>,
}

/// The latest events.
#[derive(Debug, Default)]
pub struct Events {
    ring: VecDeque<Arc<Ready>>,
}

impl Events {
    /// Adds events that came.
    pub fn push(&mut self, events: impl IntoIterator<Item = Ready>) {
        for event in events {
            self.ring.push_back(Arc::new(event));
            if self.ring.len() > KEPT {
                self.ring.pop_front();
            }
        }
    }

    /// Returns the events after a cursor, or none when it lies before what is kept.
    pub fn after(&self, cursor: u64, limit: usize) -> Option<Vec<Arc<Ready>>> {
        let first = self.ring.front()?.seq;
        if cursor + 1 < first {
            return None;
        }
        let start = self.ring.partition_point(|event| event.seq <= cursor);
        Some(self.ring.iter().skip(start).take(limit).map(Arc::clone).collect())
    }
}

/// Returns the incident that an event of the store is about; what a decision changed follows as events of its own.
pub fn incident_of(event: &StoredEvent, board: &Board) -> Option<IncidentId> {
    match &event.change {
        Change::IncidentAdded { incident } | Change::IncidentChanged { incident } => Some(*incident),
        Change::TaskAdded { task } | Change::TaskChanged { task } => {
            board.task(*task).map(|task| task.incident_id)
        }
        Change::RunAdded { .. } | Change::Operated { .. } => None,
    }
}

/// Renders an event with its case as it is now.
pub fn render(event: &StoredEvent, board: &Board, city: &City, now: Timestamp) -> Ready {
    let (kind, subject, case, extra) = match &event.change {
        Change::RunAdded { run } => ("cn.flyonce.run.added", run.to_string(), None, Value::Null),
        Change::IncidentAdded { incident } => {
            ("cn.flyonce.incident.added", incident.to_string(), board.case(*incident), Value::Null)
        }
        Change::IncidentChanged { incident } => {
            ("cn.flyonce.incident.changed", incident.to_string(), board.case(*incident), Value::Null)
        }
        Change::TaskAdded { task } => {
            let case = board.task(*task).and_then(|task| board.case(task.incident_id));
            ("cn.flyonce.task.added", task.to_string(), case, Value::Null)
        }
        Change::TaskChanged { task } => {
            let case = board.task(*task).and_then(|task| board.case(task.incident_id));
            ("cn.flyonce.task.changed", task.to_string(), case, Value::Null)
        }
        Change::Operated { operation, name, actor, reason, after, .. } => {
            let case = after.first().and_then(|id| board.case(*id));
            let extra = json!({"name": name, "actor": actor, "reason": reason});
            ("cn.flyonce.operation.done", operation.to_string(), case, extra)
        }
    };
    let departments = case.and_then(|case| case.task.as_ref()).map(|task| {
        let assisting = task.assisting.iter().map(|other| other.department.0.clone());
        task.lead.iter().map(|lead| lead.0.clone()).chain(assisting).collect()
    });
    let mut data = json!({"case": case.map(|case| case_view(case, city, now))});
    if let (Value::Object(fields), false) = (&mut data, extra.is_null()) {
        fields.insert("operation".to_owned(), extra);
    }
    let json = json!({
        "specversion": "1.0",
        "id": event.seq.to_string(),
        "source": "/flyonce",
        "type": kind,
        "subject": subject,
        "time": event.at,
        "datacontenttype": "application/json",
        "data": data,
    });
    Ready {
        seq: event.seq,
        kind,
        departments: departments.unwrap_or_default(),
        json: json.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(seq: u64) -> Ready {
        Ready { seq, kind: "x", departments: Vec::new(), json: "{}".into() }
    }

    #[test]
    fn a_consumer_reads_on_from_its_cursor_and_is_sent_to_the_store_for_older_events() {
        let mut events = Events::default();
        assert!(events.after(0, 10).is_none());
        events.push((5..=9).map(ready));
        let seqs = |cursor| events.after(cursor, 3).map(|all| all.iter().map(|e| e.seq).collect::<Vec<_>>());
        assert_eq!(seqs(3), None);
        assert_eq!(seqs(4), Some(vec![5, 6, 7]));
        assert_eq!(seqs(8), Some(vec![9]));
        assert_eq!(seqs(9), Some(vec![]));
        assert_eq!(seqs(99), Some(vec![]));
    }
}
