//! What a simulated dock does when it is told to, and how it flies.

use gis::geodesy::plane_distance_m;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{CLOCK, LANDING, LOW_PERCENT, Over, PROGRESS_EVERY, Phase, STARTING, Simulator};
use crate::link::dock::body::{self, Body, BreakPoint, Prepare};
use crate::link::dock::codes::RUNNING;
use crate::link::dock::message::{Message, Outgoing};
use crate::link::dock::topic::{Channel, Topic};

/// Result codes of flights that end before their plan does.
const CALLED_HOME: i64 = 322_283;
const LOW_BATTERY: i64 = 321_773;

impl Simulator {
    pub(super) fn ordered(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        let mut out = Vec::new();
        let body = body::read(message.method.as_deref(), &message.data);
        let (result, output) = match body {
            Ok(Body::Prepare(task)) => (self.prepare(*task, &mut out, now), None),
            Ok(Body::Execute(flight)) => (self.execute(&flight.flight_id, &mut out, now), None),
            Ok(Body::Undo(flights)) => (self.undo(&flights.flight_ids), None),
            Ok(Body::Pause) => (self.pause(now), None),
            Ok(Body::Recovery) => (self.recover(now), None),
            Ok(Body::ReturnHome) => (self.go_home(now), Some(json!({"status": "in_progress"}))),
            Ok(Body::ReturnHomeCancel) => (self.stay(), None),
            Ok(Body::Device(method)) => {
                (self.device(&method, &mut out, now), Some(json!({"status": "sent"})))
            }
            Ok(Body::LiveStart(_) | Body::LiveStop) => (0, None),
            Err(body::Unread::Broken(_)) => (514_171, None),
            _ => (314_000, None),
        };
        let mut data = json!({"result": result});
        if let (0, Some(output)) = (result, output) {
            data["output"] = output;
        }
        let reply = Message {
            tid: message.tid.clone(),
            bid: message.bid.clone(),
            timestamp: Some(self.clock_ms(now)),
            method: message.method.clone(),
            gateway: Some(self.settings.gateway.clone()),
            need_reply: None,
            data,
        };
        out.insert(
            0,
            Outgoing {
                topic: Topic::new(self.settings.gateway.clone(), Channel::ServicesReply),
                message: reply,
            },
        );
        out
    }

    fn knows(&self, flight: &str) -> bool {
        self.over.iter().any(|over| over.flight == flight)
            || self.task.as_ref().is_some_and(|task| task.flight_id == flight)
    }

    fn prepare(&mut self, task: Prepare, out: &mut Vec<Outgoing>, now: Timestamp) -> i64 {
        // A task that is known is not taken anew, however often it comes.
        if self.knows(&task.flight_id) {
            return 0;
        }
        let late =
            task.execute_time.is_some_and(|at| (at - self.clock_ms(now)).abs() > CLOCK.as_millis() as i64);
        let charge = self.charge_percent;
        let refused = [
            (!self.bound, 319_005),
            (self.debugging, 514_146),
            (self.settings.emergency_stop, 514_121),
            (self.settings.wind_mps > 12.0, 514_135),
            (charge < 30.0, 514_103),
            (!matches!(self.phase, Phase::Idle | Phase::Prepared), 319_016),
            (task.task_type != 2 && late, 319_008),
            (!(20..=1500).contains(&task.rth_altitude), 514_171),
        ];
        if let Some((_, code)) = refused.into_iter().find(|(bad, _)| *bad) {
            return code;
        }
        if task.task_type == 2 {
            let ids = json!({"flight_ids": [task.flight_id]});
            let ready = task.ready_conditions.as_ref();
            if ready.is_some_and(|wanted| charge >= f64::from(wanted.battery_capacity)) {
                out.push(self.wait(Channel::Events, "flighttask_ready", ids, now));
            }
        }
        self.task = Some(task);
        (self.left_at, self.homeward, self.path) = (None, None, None);
        self.phase = Phase::Prepared;
        0
    }

    fn execute(&mut self, flight: &str, out: &mut Vec<Outgoing>, now: Timestamp) -> i64 {
        if self.over.iter().any(|over| over.flight == flight) {
            return RUNNING;
        }
        match (&self.phase, &self.task) {
            (Phase::Prepared, Some(task)) if task.flight_id == flight => {
                self.phase = Phase::Fetching;
                self.fetches = 0;
                out.extend(self.ask_for_plan(now));
                0
            }
            (_, Some(task)) if task.flight_id == flight => RUNNING,
            _ => 314_000,
        }
    }

    fn undo(&mut self, flights: &[String]) -> i64 {
        let ours = self.task.as_ref().is_some_and(|task| flights.contains(&task.flight_id));
        match self.phase {
            Phase::Prepared if ours => {
                self.task = None;
                self.phase = Phase::Idle;
                0
            }
            Phase::Idle | Phase::Prepared => 0,
            _ => 319_006,
        }
    }

    fn pause(&mut self, now: Timestamp) -> i64 {
        let Phase::Flying { .. } = self.phase else { return 321_258 };
        self.phase = Phase::Paused { at_m: self.flown_m(now) };
        self.next_progress = None;
        0
    }

    fn recover(&mut self, now: Timestamp) -> i64 {
        let Phase::Paused { at_m } = self.phase else { return 314_000 };
        self.phase = Phase::Flying { since: now, from_m: at_m };
        self.homeward = None;
        self.next_progress = None;
        0
    }

    fn go_home(&mut self, now: Timestamp) -> i64 {
        match self.phase {
            Phase::Flying { .. } | Phase::Paused { .. } => {
                self.call_home(CALLED_HOME, now);
                0
            }
            Phase::Homing { .. } | Phase::Landing { .. } => 0,
            _ => 316_024,
        }
    }

    fn stay(&mut self) -> i64 {
        let (Phase::Homing { flown: false, .. }, Some(point), Some(path)) =
            (&self.phase, self.left_at, &self.path)
        else {
            return 314_000;
        };
        self.phase = Phase::Paused { at_m: path.at_waypoint_m(point.index, point.progress) };
        self.next_progress = None;
        0
    }

    fn device(&mut self, method: &str, out: &mut Vec<Outgoing>, now: Timestamp) -> i64 {
        match method {
            "debug_mode_open" if self.phase == Phase::Idle => self.debugging = true,
            "debug_mode_open" => return 514_148,
            "debug_mode_close" => self.debugging = false,
            _ if !self.debugging => return 514_153,
            _ => {
                let done = json!({"result": 0, "output": {"status": "ok", "progress": {"percent": 100, "step_key": method}}});
                out.push(self.wait(Channel::Events, method, done, now));
            }
        }
        0
    }

    pub(super) fn flown_m(&self, now: Timestamp) -> f64 {
        let Some(path) = &self.path else { return 0.0 };
        match self.phase {
            Phase::Flying { since, from_m } => {
                let secs = now.duration_since(since).as_secs_f64().max(0.0) * self.settings.pace;
                (from_m + secs * path.speed_mps).min(path.length_m())
            }
            Phase::Paused { at_m } => at_m,
            Phase::Homing { flown: true, .. } | Phase::Landing { flown: true, .. } => path.length_m(),
            Phase::Homing { .. } | Phase::Landing { .. } => {
                self.left_at.map_or(0.0, |point| path.at_waypoint_m(point.index, point.progress))
            }
            _ => 0.0,
        }
    }

    fn break_point(&self, now: Timestamp) -> Option<BreakPoint> {
        let spot = self.path.as_ref()?.spot(self.flown_m(now));
        let (index, progress) = spot.waypoint.map_or((0, 0.0), |waypoint| (waypoint, spot.share));
        let state = u8::from(progress < 1e-9);
        Some(BreakPoint { index, state, progress, wayline_id: 0, break_reason: Some(1283) })
    }

    fn call_home(&mut self, code: i64, now: Timestamp) {
        self.left_at = self.break_point(now);
        self.homeward = Some(code);
        self.fly_home(false, now);
    }

    fn fly_home(&mut self, flown: bool, now: Timestamp) {
        let Some(path) = &self.path else { return };
        let from = path.spot(self.flown_m(now)).at;
        let secs = plane_distance_m(from, self.home()) / path.speed_mps;
        self.phase = Phase::Homing { since: now, from, secs, flown };
        self.next_progress = None;
    }

    fn paced(&self, real: SignedDuration) -> SignedDuration {
        SignedDuration::try_from_secs_f64(real.as_secs_f64() / self.settings.pace.max(1e-3)).unwrap_or(real)
    }

    /// Moves on from phase to phase.
    pub(super) fn fly(&mut self, now: Timestamp) -> Vec<Outgoing> {
        match self.phase {
            Phase::Starting { since } if now.duration_since(since) >= self.paced(STARTING) => {
                let point = self.task.as_ref().and_then(|task| task.break_point);
                let from_m = match (&self.path, point) {
                    (Some(path), Some(point)) => path.at_waypoint_m(point.index, point.progress),
                    _ => 0.0,
                };
                self.takeoffs += 1;
                self.phase = Phase::Flying { since: now, from_m };
                self.next_progress = None;
            }
            Phase::Flying { .. } | Phase::Paused { .. } if self.charge_percent <= LOW_PERCENT => {
                self.call_home(LOW_BATTERY, now);
            }
            Phase::Flying { .. } => {
                let length_m = self.path.as_ref().map_or(0.0, super::path::Path::length_m);
                if self.flown_m(now) >= length_m {
                    self.fly_home(true, now);
                }
            }
            Phase::Homing { since, secs, flown, .. } => {
                let passed = now.duration_since(since).as_secs_f64() * self.settings.pace;
                if passed >= secs {
                    self.phase = Phase::Landing { since: now, flown };
                    self.next_progress = None;
                }
            }
            Phase::Landing { since, flown } if now.duration_since(since) >= self.paced(LANDING) => {
                let code = self.homeward.unwrap_or(CALLED_HOME);
                return if flown { self.end("ok", 0, now) } else { self.end("partially_done", code, now) };
            }
            _ => {}
        }
        Vec::new()
    }

    /// Ends the task and tells how, until somebody takes it down.
    pub(super) fn end(&mut self, status: &str, result: i64, now: Timestamp) -> Vec<Outgoing> {
        let data = self.progress_data(status, result, now);
        if let Some(task) = self.task.take() {
            self.over.push(Over { flight: task.flight_id });
        }
        self.waiting
            .retain(|waiting| waiting.message.message.method.as_deref() != Some("flighttask_resource_get"));
        (self.phase, self.fetch, self.next_progress) = (Phase::Idle, None, None);
        vec![self.wait(Channel::Events, "flighttask_progress", data, now)]
    }

    pub(super) fn progress(&mut self, status: &str, result: i64, now: Timestamp) -> Outgoing {
        self.next_progress = Some(now + PROGRESS_EVERY);
        let data = self.progress_data(status, result, now);
        self.say(Channel::Events, "flighttask_progress", data, None, now)
    }

    fn progress_data(&self, status: &str, result: i64, now: Timestamp) -> Value {
        let flown_m = self.flown_m(now);
        let (length_m, waypoints) =
            self.path.as_ref().map_or((1.0, 1), |path| (path.length_m().max(1e-9), path.waypoints()));
        let spot = self.path.as_ref().map(|path| path.spot(flown_m));
        let waypoint = spot.and_then(|spot| spot.waypoint);
        let (step, mission) = match self.phase {
            Phase::Idle | Phase::Prepared => (5, 0),
            Phase::Fetching => (14, 3),
            Phase::Starting { .. } => (20, 4),
            Phase::Flying { .. } => (21, if waypoint.is_some() { 6 } else { 5 }),
            Phase::Paused { .. } => (21, 7),
            Phase::Homing { flown, .. } => (22, if flown { 9 } else { 7 }),
            Phase::Landing { flown, .. } => (23, if flown { 9 } else { 7 }),
        };
        let next = waypoint.map_or(0, |waypoint| (waypoint + 1).min(waypoints.saturating_sub(1)));
        let mut ext = json!({
            "current_waypoint_index": next,
            "flight_id": self.task.as_ref().map_or("", |task| task.flight_id.as_str()),
            "media_count": 0,
            "track_id": "",
            "wayline_id": 0,
            "wayline_mission_state": mission,
        });
        if let Some(point) = self.left_at.filter(|_| self.homeward.is_some()) {
            ext["break_point"] = serde_json::to_value(point).unwrap_or_default();
        }
        let percent = (flown_m / length_m * 100.0).floor();
        json!({
            "result": result,
            "output": {"status": status, "progress": {"current_step": step, "percent": percent}, "ext": ext},
        })
    }
}
