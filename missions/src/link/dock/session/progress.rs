//! What a dock says of the flight.

use jiff::Timestamp;

use super::Session;
use crate::link::dock::body::{FlightProgress, ProgressOutput, Status};
use crate::link::dock::codes;
use crate::link::dock::message::Outgoing;
use crate::link::{Answer, Break, Cause, Command, Progress, State, Words};

use super::pending::Purpose;

/// Steps of the dock from which on it flies home.
const HOMEWARD: std::ops::RangeInclusive<i64> = 22..=25;
/// The route is being flown.
const FLYING: i64 = 21;

impl Session {
    pub(super) fn progressed(
        &mut self,
        said: &FlightProgress,
        stated_ms: Option<i64>,
        now: Timestamp,
    ) -> Vec<Outgoing> {
        let output = &said.output;
        if output.ext.flight_id != self.flight.id.to_string() {
            let words = Words::new(
                format!("机场在执行另一任务 {:.64}", output.ext.flight_id),
                format!("the dock tells of another flight, {:.64}", output.ext.flight_id),
            );
            self.note_once("other flight", words, now);
            return Vec::new();
        }
        // What is late says nothing of now; ends are told once and count always.
        let stated_ms = stated_ms.unwrap_or_else(|| now.as_millisecond());
        let is_end = !matches!(output.status, Status::Sent | Status::InProgress | Status::Paused);
        if stated_ms < self.progress_ms && !is_end {
            return Vec::new();
        }
        self.progress_ms = self.progress_ms.max(stated_ms);
        if self.started.is_none() && !is_end {
            self.started = Some(now);
        }
        self.at_rest = None;
        self.keep(output);
        if is_end {
            self.ended(said, now)
        } else {
            self.goes_on(output, now)
        }
        Vec::new()
    }

    fn keep(&mut self, output: &ProgressOutput) {
        let waypoints = self.flight.waypoints;
        let flying = output.ext.wayline_mission_state >= 6;
        let waypoint = flying.then(|| output.ext.current_waypoint_index.min(waypoints.saturating_sub(1)));
        let share = (output.progress.percent / 100.0).clamp(0.0, 1.0);
        self.last_progress =
            Progress { waypoint: waypoint.or(self.last_progress.waypoint), waypoints, share };
        if let Some(point) = output.ext.break_point {
            self.left_at = Some(Break { waypoint: point.index, share: point.progress.clamp(0.0, 1.0) });
        }
    }

    fn goes_on(&mut self, output: &ProgressOutput, now: Timestamp) {
        let progress = self.last_progress;
        let step = output.progress.current_step.unwrap_or(0);
        let mission = output.ext.wayline_mission_state;
        let next = if output.status == Status::Paused {
            State::Paused { progress }
        } else if HOMEWARD.contains(&step) || mission == 9 {
            self.homing(mission)
        } else if matches!(mission, 5 | 6 | 8) || step == FLYING {
            State::Flying { progress }
        } else if mission == 7 {
            State::Paused { progress }
        } else {
            State::Launching
        };
        self.settle(&next, now);
        self.change(next, now);
    }

    fn homing(&self, mission: u8) -> State {
        let ordered = match &self.state {
            State::Returning { cause, .. } => Some(*cause),
            _ if self.abort.is_some() => Some(Cause::Aborted),
            _ if self.pending.iter().any(|p| p.purpose == Purpose::Order(Command::ReturnHome)) => {
                Some(Cause::Asked)
            }
            _ => None,
        };
        let by_itself = if mission == 9 { Cause::Flown } else { Cause::Vehicle };
        let cause = ordered.unwrap_or(by_itself);
        let left_at = (cause != Cause::Flown).then(|| self.left_at.unwrap_or(self.where_left()));
        State::Returning { cause, left_at }
    }

    /// What the dock does answers an order whose receipt was lost.
    fn settle(&mut self, next: &State, now: Timestamp) {
        let done = |command: Command| match command {
            Command::Launch => next.may_be_airborne() && *next != State::Launching,
            Command::Pause => matches!(next, State::Paused { .. }),
            Command::Resume | Command::Change => false,
            Command::ReturnHome | Command::Abort => matches!(next, State::Returning { .. }),
        };
        let settled: Vec<_> = {
            let is_done = |purpose: &Purpose| matches!(purpose, Purpose::Order(command) if done(*command));
            let (settled, open) =
                std::mem::take(&mut self.pending).into_iter().partition(|p| is_done(&p.purpose));
            self.pending = open;
            settled
        };
        for order in settled.into_iter().filter_map(|pending| pending.order) {
            self.answered(&order, Answer::Accepted, now);
        }
    }

    fn ended(&mut self, said: &FlightProgress, now: Timestamp) {
        let status = said.output.status;
        let flew = self.last_progress.waypoint.is_some()
            || matches!(self.state, State::Flying { .. } | State::Paused { .. } | State::Returning { .. });
        let left_at = self.left_at.or_else(|| flew.then(|| self.where_left()));
        if said.result != 0 {
            let fault = codes::fault(said.result);
            let words = Words::new(
                format!("机场报告:{};{}", fault.what.zh, fault.mend.zh),
                format!("the dock says: {}; {} ({})", fault.what.en, fault.mend.en, said.result),
            );
            self.note_once(&format!("end {}", said.result), words, now);
        }
        let ordered_home = matches!(&self.state, State::Returning { cause: Cause::Asked, .. });
        let end = match status {
            _ if self.abort.is_some() => State::Aborted,
            Status::Ok if ordered_home => State::Landed { left_at },
            Status::Ok => State::Landed { left_at: None },
            Status::PartiallyDone => State::Landed { left_at: left_at.or(Some(self.where_left())) },
            Status::Canceled if flew => State::Landed { left_at },
            Status::Canceled => State::Aborted,
            _ => State::Failed { fault: codes::fault(if said.result == 0 { 321_000 } else { said.result }) },
        };
        self.change(end, now);
    }
}
