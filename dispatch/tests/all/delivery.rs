//! The machine of a delivery, against the table in the module's documentation.

use dispatch::{Answer, BackOff, Delivery, DeliveryState, NotDue, Sent};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::scene::time;

fn now() -> Timestamp {
    time("2026-06-22T09:00:00+08:00")
}

fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

#[test]
fn waits_double_up_to_the_longest_and_half_of_each_is_drawn() {
    let back_off = BackOff { first_secs: 4, longest_secs: 60, ..BackOff::default() };
    let whole: Vec<i64> = (1..8).map(|n| back_off.wait(n, 1.0).as_secs()).collect();
    assert_eq!(whole, [4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(back_off.wait(3, 0.0), secs(8));
    assert_eq!(back_off.wait(u32::MAX, f64::NAN), secs(60));
}

#[test]
fn a_receiver_says_how_long_to_wait_and_a_day_is_the_most() {
    for (asked, expect) in [(Some(900), 900), (Some(1), 5), (None, 5), (Some(1_000_000), 86_400)] {
        let mut delivery = Delivery::default();
        let lease = delivery.claim(now(), &BackOff::default()).unwrap();
        let answer = Answer::of_http(429, asked.map(secs), false);
        assert_eq!(delivery.answer(lease, &answer, now(), &BackOff::default(), 1.0), Ok(Sent::Again));
        assert_eq!(delivery.next_at, Some(now() + secs(expect)));
        let refused = delivery.claim(now() + secs(expect - 1), &BackOff::default()).unwrap_err();
        assert!(refused.to_string().starts_with("the delivery is retrying until 2026-06-2"), "{refused}");
    }
}

#[test]
fn http_statuses_mean_what_they_say() {
    let of = |status| Answer::of_http(status, None, false);
    assert_eq!(of(204), Answer::Accepted { more: false });
    assert_eq!(of(410), Answer::Gone);
    assert!(matches!(of(422), Answer::Refused { .. }));
    assert!(matches!(of(500), Answer::Failed { error } if error == "HTTP status 500"));
    assert!(matches!(of(503), Answer::Failed { .. }));
    assert!(matches!(Answer::of_http(503, Some(secs(5)), false), Answer::TooMany { .. }));
}

#[test]
fn gone_stops_and_only_what_is_dead_is_revived() {
    let mut delivery = Delivery::default();
    let not_dead = NotDue::NotDead { state: DeliveryState::Queued };
    assert_eq!(delivery.revive(), Err(not_dead));
    let lease = delivery.claim(now(), &BackOff::default()).unwrap();
    assert_eq!(delivery.answer(lease, &Answer::Gone, now(), &BackOff::default(), 0.5), Ok(Sent::Stopped));
    let refused = delivery.claim(Timestamp::MAX, &BackOff::default()).unwrap_err();
    assert_eq!(refused.to_string(), "the delivery is dead: the receiver is gone (410)");
    delivery.revive().unwrap();
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Queued, 0));
}

#[test]
fn an_error_is_kept_short() {
    let mut delivery = Delivery::default();
    let lease = delivery.claim(now(), &BackOff::default()).unwrap();
    let answer = Answer::Failed { error: "错".repeat(400) };
    delivery.answer(lease, &answer, now(), &BackOff::default(), 0.5).unwrap();
    assert_eq!(delivery.last_error.unwrap().chars().count(), 166);
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        any::<bool>().prop_map(|more| Answer::Accepted { more }),
        Just(Answer::Failed { error: "timeout".to_owned() }),
        Just(Answer::TooMany { retry_after: Some(secs(77)) }),
        Just(Answer::Refused { error: "bad".to_owned() }),
        Just(Answer::Gone),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_is_never_stuck(
        steps in prop::collection::vec((any_answer(), 0_i64..20_000, 0.0..1.0_f64, any::<bool>()), 1..60),
    ) {
        let back_off = BackOff::default();
        let mut delivery = Delivery::default();
        let mut clock = now();
        for (answer, later, jitter, dies) in steps {
            clock += secs(later);
            match delivery.claim(clock, &back_off) {
                Ok(lease) => {
                    prop_assert_eq!(delivery.state, DeliveryState::Sending);
                    if !dies {
                        delivery.answer(lease, &answer, clock, &back_off, jitter).unwrap();
                        prop_assert!(delivery.answer(lease, &answer, clock, &back_off, jitter).is_err());
                    }
                }
                Err(NotDue::Until { until, .. }) => {
                    prop_assert!(until > clock && until <= clock + secs(86_400));
                }
                Err(NotDue::Dead { .. }) => delivery.revive().unwrap(),
                Err(other) => prop_assert!(false, "{}", other),
            }
            prop_assert!(delivery.attempts < back_off.most_attempts);
            let waits = matches!(delivery.state, DeliveryState::Sending | DeliveryState::Retrying);
            prop_assert_eq!(delivery.next_at.is_some(), waits);
        }
    }
}
