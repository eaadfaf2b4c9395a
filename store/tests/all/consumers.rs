//! The durable end of the outbox, in every store: every event arrives at least once, in order, whatever the receiver does.

use dispatch::{Answer, BackOff, DeliveryState, Sent};
use jiff::{SignedDuration, Timestamp};
use store::{Answered, Consumer, Store, StoreError};

use crate::conformance::on_every_store;
use crate::findings::{run, time};

const BACK_OFF: BackOff = BackOff { first_secs: 10, longest_secs: 60, most_attempts: 3, lease_secs: 30 };

fn answer(store: &mut dyn Store, lease: u64, last: u64, answer: &Answer, now: Timestamp) -> Sent {
    let answered = Answered { lease, last, answer, now, back_off: &BACK_OFF, jitter: 1.0 };
    store.answered("hook", &answered).unwrap()
}

fn begin(store: &mut dyn Store) {
    store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
    store.put_consumer(&Consumer::new("hook", "webhook", "https://city.example/hook", 0)).unwrap();
}

fn only(store: &dyn Store) -> Consumer {
    store.consumers().unwrap().remove(0)
}

#[test]
fn events_are_claimed_acknowledged_and_gone_on_after() {
    on_every_store(|store| {
        begin(store);
        let claimed = store.claim("hook", 4, time(0), &BACK_OFF).unwrap().unwrap();
        assert_eq!(claimed.events.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(claimed.consumer.delivery.state, DeliveryState::Sending);
        assert!(store.claim("hook", 4, time(29), &BACK_OFF).unwrap().is_none(), "another sends");
        assert_eq!(answer(store, claimed.lease, 4, &Answer::Accepted { more: true }, time(1)), Sent::Arrived);
        let claimed = store.claim("hook", 100, time(2), &BACK_OFF).unwrap().unwrap();
        assert_eq!(claimed.events.iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 6]);
        answer(store, claimed.lease, 6, &Answer::Accepted { more: false }, time(3));
        assert!(store.claim("hook", 100, time(4), &BACK_OFF).unwrap().is_none());
        assert_eq!((only(store).cursor, only(store).delivery.state), (6, DeliveryState::Delivered));
    });
}

#[test]
fn a_failure_waits_longer_each_time_and_becomes_a_dead_letter_that_can_be_driven_again() {
    on_every_store(|store| {
        begin(store);
        let failed = Answer::Failed { error: "connection refused".to_owned() };
        let mut now = time(0);
        for wait in [10, 20] {
            let claimed = store.claim("hook", 2, now, &BACK_OFF).unwrap().unwrap();
            assert_eq!(answer(store, claimed.lease, 2, &failed, now), Sent::Again);
            let due = now + SignedDuration::from_secs(wait);
            assert_eq!(only(store).delivery.next_at, Some(due));
            let early = due - SignedDuration::from_secs(1);
            assert!(store.claim("hook", 2, early, &BACK_OFF).unwrap().is_none());
            now = due;
        }
        let claimed = store.claim("hook", 2, now, &BACK_OFF).unwrap().unwrap();
        assert_eq!(answer(store, claimed.lease, 2, &failed, now), Sent::DeadLetter);
        let consumer = only(store);
        assert_eq!(
            (consumer.cursor, consumer.dead_letters[0].first, consumer.dead_letters[0].last),
            (2, 1, 2)
        );
        let claimed = store.claim("hook", 9, now, &BACK_OFF).unwrap().unwrap();
        assert_eq!(claimed.events[0].seq, 3, "the others are not held up");
        answer(store, claimed.lease, 6, &Answer::Accepted { more: false }, now);
        store.redrive("hook").unwrap();
        let claimed = store.claim("hook", 9, now, &BACK_OFF).unwrap().unwrap();
        assert_eq!(claimed.events[0].seq, 1);
    });
}

#[test]
fn a_receiver_that_is_gone_stops_until_it_is_revived() {
    on_every_store(|store| {
        begin(store);
        let claimed = store.claim("hook", 9, time(0), &BACK_OFF).unwrap().unwrap();
        assert_eq!(answer(store, claimed.lease, 6, &Answer::Gone, time(0)), Sent::Stopped);
        assert!(store.claim("hook", 9, time(1_000_000), &BACK_OFF).unwrap().is_none());
        assert_eq!((only(store).cursor, only(store).delivery.state), (0, DeliveryState::Dead));
        store.redrive("hook").unwrap();
        assert_eq!(store.claim("hook", 9, time(1), &BACK_OFF).unwrap().unwrap().events.len(), 6);
    });
}

#[test]
fn a_sender_that_died_loses_its_claim_and_its_late_answer_does_not_count() {
    on_every_store(|store| {
        begin(store);
        let died = store.claim("hook", 9, time(0), &BACK_OFF).unwrap().unwrap();
        let next = store.claim("hook", 9, time(30), &BACK_OFF).unwrap().unwrap();
        assert_eq!(died.events, next.events);
        let accepted = Answer::Accepted { more: false };
        let late = Answered {
            lease: died.lease,
            last: 6,
            answer: &accepted,
            now: time(31),
            back_off: &BACK_OFF,
            jitter: 0.0,
        };
        let error = store.answered("hook", &late).unwrap_err();
        assert!(matches!(error, StoreError::NotDelivered { .. }), "{error}");
        assert_eq!(only(store).cursor, 0);
        answer(store, next.lease, 6, &accepted, time(32));
        assert_eq!(only(store).cursor, 6);
    });
}

#[test]
fn a_consumer_moves_with_its_cursor_and_can_be_forgotten() {
    on_every_store(|store| {
        begin(store);
        let claimed = store.claim("hook", 3, time(0), &BACK_OFF).unwrap().unwrap();
        answer(store, claimed.lease, 3, &Answer::Accepted { more: true }, time(1));
        store.put_consumer(&Consumer::new("hook", "mqtt", "mqtts://broker.example/city", 0)).unwrap();
        assert_eq!((only(store).kind.as_str(), only(store).cursor), ("mqtt", 3));
        store.remove_consumer("hook").unwrap();
        assert!(store.consumers().unwrap().is_empty());
        let error = store.claim("hook", 3, time(2), &BACK_OFF).unwrap_err();
        assert_eq!(error.to_string(), "there is no consumer \"hook\"");
    });
}
