//! What people order, and what the dock makes of it.

use jiff::Timestamp;
use serde_json::json;

use super::Session;
use super::pending::{Pending, Purpose};
use crate::link::dock::message::Outgoing;
use crate::link::{Answer, Cause, Command, Fault, Order, State, Words};

impl Session {
    pub(super) fn carry_out(&mut self, order: &Order, now: Timestamp) -> Vec<Outgoing> {
        let purpose = Purpose::Order(order.command);
        let keep = Some(order.clone());
        match order.command {
            Command::Launch => self.launch(order, now),
            Command::Pause => self.send(purpose, "flighttask_pause", json!({}), keep, now),
            Command::Resume if matches!(self.state, State::Returning { .. }) => {
                self.send(Purpose::CancelHome, "return_home_cancel", json!({}), keep, now)
            }
            Command::Resume => self.send(purpose, "flighttask_recovery", json!({}), keep, now),
            Command::ReturnHome => self.send(purpose, "return_home", json!({}), keep, now),
            Command::Abort => self.abort(order, now),
            Command::Change => {
                let fault = no_change();
                self.answered(order, Answer::Refused { fault }, now);
                Vec::new()
            }
        }
    }

    fn abort(&mut self, order: &Order, now: Timestamp) -> Vec<Outgoing> {
        self.abort = Some(order.clone());
        let keep = Some(order.clone());
        if self.state == State::Gate {
            self.answered(order, Answer::Accepted, now);
            self.change(State::Aborted, now);
            return Vec::new();
        }
        let in_air =
            matches!(self.state, State::Flying { .. } | State::Paused { .. } | State::Returning { .. });
        if in_air || (matches!(self.state, State::LinkLost { .. }) && self.started.is_some()) {
            return self.send(Purpose::Order(Command::Abort), "return_home", json!({}), keep, now);
        }
        let data = json!({"flight_ids": [self.flight.id.to_string()]});
        self.send(Purpose::Undo, "flighttask_undo", data, keep, now)
    }

    pub(super) fn accepted_by_dock(
        &mut self,
        pending: Pending,
        stated_ms: i64,
        now: Timestamp,
    ) -> Vec<Outgoing> {
        if let (Some(order), false) = (&pending.order, pending.purpose == Purpose::CancelHome) {
            self.answered(order, Answer::Accepted, now);
        }
        let progress = self.last_progress;
        match pending.purpose {
            Purpose::Prepare => {
                self.accepted = true;
                let next = if self.flight.conditions.is_some() {
                    State::Uploading { done: 1, total: 1 }
                } else {
                    State::Ready
                };
                self.change(next, now);
            }
            Purpose::Undo => self.change(State::Aborted, now),
            Purpose::CancelHome => {
                return self.send(
                    Purpose::Order(Command::Resume),
                    "flighttask_recovery",
                    json!({}),
                    pending.order,
                    now,
                );
            }
            Purpose::Order(Command::Launch) => self.prepared = true,
            Purpose::Order(Command::Pause) => self.steered(State::Paused { progress }, stated_ms, now),
            Purpose::Order(Command::Resume) => {
                self.left_at = None;
                self.steered(State::Flying { progress }, stated_ms, now);
            }
            Purpose::Order(Command::ReturnHome) => self.homeward(Cause::Asked, stated_ms, now),
            Purpose::Order(Command::Abort) => self.homeward(Cause::Aborted, stated_ms, now),
            Purpose::Order(Command::Change) => {}
        }
        Vec::new()
    }

    fn homeward(&mut self, cause: Cause, stated_ms: i64, now: Timestamp) {
        // A plan that is flown is not left.
        let flown = matches!(self.state, State::Returning { cause: Cause::Flown, .. });
        if !flown {
            self.left_at = Some(self.where_left());
        }
        let cause = if flown && cause == Cause::Asked { Cause::Flown } else { cause };
        self.steered(State::Returning { cause, left_at: self.left_at }, stated_ms, now);
    }

    /// The dock did what it was told: what it said before no longer counts.
    fn steered(&mut self, state: State, stated_ms: i64, now: Timestamp) {
        self.progress_ms = self.progress_ms.max(stated_ms);
        self.change(state, now);
    }

    pub(super) fn refused_by_dock(
        &mut self,
        pending: Pending,
        fault: Fault,
        now: Timestamp,
    ) -> Vec<Outgoing> {
        if let Some(order) = &pending.order {
            self.answered(order, Answer::Refused { fault: fault.clone() }, now);
        }
        match pending.purpose {
            Purpose::Prepare => self.change(State::Failed { fault }, now),
            Purpose::Order(Command::Launch) if self.state == State::Launching => {
                self.change(State::Failed { fault }, now);
            }
            // It flies already: what is left is to bring it home.
            Purpose::Undo if self.started.is_some() => {
                return self.send(
                    Purpose::Order(Command::Abort),
                    "return_home",
                    json!({}),
                    pending.order,
                    now,
                );
            }
            Purpose::Undo => self.change(State::Failed { fault }, now),
            Purpose::Order(Command::Abort) => self.abort = None,
            Purpose::Order(_) | Purpose::CancelHome => {}
        }
        Vec::new()
    }
}

fn no_change() -> Fault {
    Fault::new(
        Words::new("机场飞行途中不能更换航线", "docks take no other plan while they fly one"),
        Words::new("请先返航,再起飞新航线", "return home, then launch the other plan"),
    )
}
