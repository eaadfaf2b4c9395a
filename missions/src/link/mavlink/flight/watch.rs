//! Where the flight stands, told from what the vehicle says and from its silence.

use std::time::Duration;

use super::{Flight, LISTEN};
use crate::link::launch::{Break, Cause, Fault, State, Words};
use crate::link::mavlink::autopilot::{Autopilot, Mode};
use crate::link::mavlink::track::Track;

/// How long it must say that it is down before that is believed: longer than two of its heartbeats.
const SETTLED: Duration = Duration::from_millis(2500);
/// How long messages of one change may be apart.
const BETWEEN: Duration = Duration::from_millis(1500);

impl Flight {
    /// Tells from what the vehicle says where the flight stands.
    pub(super) fn watch(&mut self, now: Duration) {
        let Some(heard) = self.vehicle.heard else {
            if self.launched && now.saturating_sub(self.began.unwrap_or(now)) >= LISTEN {
                self.enter(State::Failed { fault: unheard() });
            }
            return;
        };
        if self.state.is_over() || self.state == State::Gate && !self.launched {
            return;
        }
        if let Some(said) = self.vehicle.warning.take() {
            self.note(Words::new(format!("飞机提示:{said}"), format!("the vehicle says: {said}")));
        }
        let silent = now.saturating_sub(heard);
        if silent > self.settings.lost_after {
            self.lost(silent);
        } else if self.launched {
            self.airborne(now);
        } else if matches!(self.state, State::LinkLost { .. }) {
            self.enter(State::Ready);
        }
    }

    fn lost(&mut self, silent: Duration) {
        if silent > self.settings.give_up {
            self.enter(State::Failed { fault: unheard() });
            return;
        }
        if matches!(self.state, State::Uploading { .. }) {
            // The transfer has a patience of its own.
            return;
        }
        let progress = self.seen_airborne.then(|| self.track.progress());
        self.enter(State::LinkLost { action: self.plan.lost_link, progress });
    }

    fn airborne(&mut self, now: Duration) {
        let armed = self.vehicle.armed;
        let down = self.is_down(now);
        self.seen_armed |= armed;
        let home_first = self.vehicle.autopilot.is_some_and(Autopilot::home_first);
        if self.track.home_first() != home_first {
            self.track = Track::new(&self.plan, home_first);
        }
        if armed && self.vehicle.airborne() == Some(true) {
            self.seen_airborne = true;
            self.rose.get_or_insert(now);
            if self.failing.take().is_some() {
                self.job = None;
                self.note(Words::new(
                    "起飞指令未获确认,但飞机已升空",
                    "the start was not confirmed, but it rose all the same",
                ));
            }
            if let Some(current) = self.vehicle.current {
                let on_plan = self.vehicle.mode == Some(Mode::Mission);
                self.track.flown(current, self.vehicle.at.filter(|_| on_plan));
            }
            let state = self.in_the_air(now);
            self.enter(state);
        } else if down && self.seen_airborne {
            let aborted = self.home_for == Some(Cause::Aborted);
            let left_at = self.left_at();
            self.enter(if aborted { State::Aborted } else { State::Landed { left_at } });
        } else if down && self.seen_armed && self.job.is_none() {
            self.enter(State::Failed { fault: did_not_rise() });
        } else if down && !self.seen_armed && self.state == State::Gate {
            // Taken over, and it stands on the ground.
            self.enter(State::Landed { left_at: None });
        } else if matches!(self.state, State::LinkLost { progress: None, .. }) {
            self.enter(State::Launching);
        }
    }

    /// Tells whether it has been down for long enough: one message that comes late says nothing of now.
    fn is_down(&mut self, now: Duration) -> bool {
        if self.vehicle.armed || self.vehicle.airborne() == Some(true) {
            self.down_since = None;
            return false;
        }
        now.saturating_sub(*self.down_since.get_or_insert(now)) >= SETTLED
    }

    fn left_at(&self) -> Option<Break> {
        self.track.left_at()
    }

    /// Tells whether what it does has just changed, and what else would tell why has not come yet.
    fn is_between(&self, now: Duration) -> bool {
        let since = |then: Duration| now.saturating_sub(then) < BETWEEN;
        match self.vehicle.mode {
            // What it said before it rose.
            Some(Mode::Hold) => self.state == State::Launching && self.rose.is_some_and(since),
            Some(Mode::Return | Mode::Land) => {
                let untold = self.home_for.is_none() && self.left_at().is_some();
                untold && since(self.vehicle.mode_since) && matches!(self.state, State::Flying { .. })
            }
            _ => false,
        }
    }

    fn in_the_air(&mut self, now: Duration) -> State {
        if self.is_between(now) {
            return self.state.clone();
        }
        let progress = self.track.progress();
        let home = |cause| State::Returning { cause, left_at: self.left_at() };
        let flown = self.left_at().is_none();
        match self.vehicle.mode.unwrap_or(Mode::Other) {
            Mode::Mission if self.track.goes_home() => home(self.home_for.unwrap_or(Cause::Flown)),
            Mode::Mission => State::Flying { progress },
            Mode::Hold => State::Paused { progress },
            Mode::Return | Mode::Land => {
                let own = if flown { Cause::Flown } else { Cause::Vehicle };
                home(self.home_for.unwrap_or(own))
            }
            Mode::Other => {
                self.note(Words::new(
                    "飞手已接管,不在航线模式",
                    "a pilot has taken over; it does not fly the plan",
                ));
                State::Paused { progress }
            }
        }
    }
}

fn unheard() -> Fault {
    Fault::new(
        Words::new(
            "长时间未收到飞机信号,飞行结果未知",
            "not heard for long; how the flight ended is not known",
        ),
        Words::new("请到最后位置搜寻飞机", "look for the aircraft where it was last seen"),
    )
}

fn did_not_rise() -> Fault {
    Fault::new(
        Words::new("已解锁但未起飞,现已上锁", "armed, did not take off, and is disarmed again"),
        Words::new("请查看飞机的提示后再试", "see what the vehicle says, then launch again"),
    )
}
