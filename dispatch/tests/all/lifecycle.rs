//! Every state with every event, against the table in the module's documentation.

use dispatch::lifecycle::STATES;
use dispatch::{Effect, Event, State, TaskId};

use crate::scene::time;

/// Every event there is.
pub fn events() -> Vec<Event> {
    let reason = || "because".to_owned();
    vec![
        Event::Confirm,
        Event::Reject { reason: reason() },
        Event::Dispatch { department: "health".into() },
        Event::Reassign { department: "health".into(), reason: reason() },
        Event::Accept,
        Event::Bounce { reason: reason() },
        Event::Depart,
        Event::Arrive,
        Event::Finish,
        Event::Verify,
        Event::Refute { reason: reason() },
        Event::Close,
        Event::Merge { into: TaskId("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()) },
        Event::Reopen { reason: reason() },
        Event::Pause { reason: reason() },
        Event::Resume,
        Event::Lapse { reason: reason() },
    ]
}

/// Reads `| state | event -> next, ... |` out of the module's documentation.
fn documented(state: State, event: &Event) -> Option<String> {
    let source = include_str!("../../src/lifecycle.rs");
    let row = format!("//! | {} | ", state.name());
    let cells = source.lines().find_map(|line| line.strip_prefix(&row)).unwrap().trim_end_matches(" |");
    cells.split(", ").find_map(|cell| {
        let (name, next) = cell.split_once(" -> ").unwrap();
        (name == event.name()).then(|| next.to_owned())
    })
}

#[test]
fn every_state_takes_the_events_of_the_table_and_no_other() {
    let now = time("2026-06-22T09:00:00+08:00");
    let mut taken = 0;
    for state in STATES {
        for event in events() {
            let result = state.apply(&event, now);
            let expect = documented(state, &event);
            let next = result.as_ref().ok().map(|(next, _)| next.name().to_owned());
            assert_eq!(next, expect, "{state:?} {event:?}");
            match result {
                Ok((to, effects)) => {
                    assert_eq!(effects[0], Effect::Record { from: state, to, at: now });
                    taken += 1;
                }
                Err(refused) => {
                    assert_eq!(refused.state, state);
                    assert_eq!(refused.event, event.name());
                }
            }
        }
    }
    assert_eq!((STATES.len(), events().len(), taken), (13, 17, 54));
}

#[test]
fn every_state_is_reached_from_proposed() {
    let now = time("2026-06-22T09:00:00+08:00");
    let mut reached = vec![State::Proposed];
    let mut index = 0;
    while let Some(state) = reached.get(index).copied() {
        for event in events() {
            if let Ok((next, _)) = state.apply(&event, now)
                && !reached.contains(&next)
            {
                reached.push(next);
            }
        }
        index += 1;
    }
    assert_eq!(reached.len(), STATES.len());
}

#[test]
fn effects_say_what_the_caller_has_to_do() {
    let now = time("2026-06-22T09:00:00+08:00");
    let check = |state: State, event: Event, expect: &[Effect]| {
        assert_eq!(&state.apply(&event, now).unwrap().1[1..], expect, "{state:?} {event:?}");
    };
    let reason = "not ours".to_owned();
    check(
        State::Bounced,
        Event::Dispatch { department: "health".into() },
        &[Effect::Notify { department: "health".into(), at: now }],
    );
    check(
        State::Accepted,
        Event::Bounce { reason: reason.clone() },
        &[Effect::Reroute { reason: reason.clone() }],
    );
    check(State::OnSite, Event::Finish, &[Effect::RequestVerification]);
    check(
        State::Dispatched,
        Event::Reject { reason: reason.clone() },
        &[Effect::Withdraw, Effect::StopClock],
    );
    check(State::Proposed, Event::Reject { reason: reason.clone() }, &[Effect::StopClock]);
    check(
        State::EnRoute,
        Event::Reassign { department: "health".into(), reason: reason.clone() },
        &[Effect::Withdraw, Effect::Notify { department: "health".into(), at: now }],
    );
    check(State::Done, Event::Refute { reason: reason.clone() }, &[Effect::AskPerson { reason }]);
    check(State::Verified, Event::Close, &[Effect::StopClock]);
}
