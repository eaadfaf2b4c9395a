//! The time line of a source: one index and one elapsed time for each frame, across connections.

use std::time::{Duration, Instant};

/// Places frames on the time line.
#[derive(Debug, Default)]
pub struct Timeline {
    next_index: u64,
    began: Option<Instant>,
    connection: Option<Connection>,
    last_ns: Option<i64>,
    step_ns: i64,
}

/// Where a connection sits on the time line.
#[derive(Debug, Clone, Copy)]
struct Connection {
    first_running_ns: i64,
    offset_ns: i64,
}

/// The place of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index in the source.
    pub index: u64,
    /// Time since the first frame of the source.
    pub elapsed: Duration,
}

impl Timeline {
    /// Starts a new connection: its clock is unrelated to the last one's.
    pub fn reconnect(&mut self) {
        self.connection = None;
    }

    /// Places the next frame; a frame without a time, or one that runs back, follows its predecessor by one step.
    pub fn place(&mut self, running_ns: Option<i64>, step_ns: Option<i64>, now: Instant) -> Place {
        let began = *self.began.get_or_insert(now);
        self.step_ns = step_ns.filter(|&step| step > 0).unwrap_or(self.step_ns);
        let following = self.last_ns.map_or(0, |last| last + self.step_ns.max(1));
        if self.connection.is_none() {
            let since_first =
                i64::try_from(now.saturating_duration_since(began).as_nanos()).unwrap_or(i64::MAX);
            let offset_ns = if self.last_ns.is_some() { since_first.max(following) } else { 0 };
            let first_running_ns = running_ns.unwrap_or(0);
            self.connection = Some(Connection { first_running_ns, offset_ns });
        }
        let placed = running_ns.and_then(|running| self.elapsed_ns(running));
        let elapsed_ns = placed.filter(|&at| self.last_ns.is_none_or(|last| at > last)).unwrap_or(following);
        self.last_ns = Some(elapsed_ns);
        let index = self.next_index;
        self.next_index += 1;
        Place { index, elapsed: Duration::from_nanos(u64::try_from(elapsed_ns).unwrap_or(0)) }
    }

    /// Returns when the last frame ends.
    pub fn end(&self) -> Duration {
        self.last_ns.map_or(Duration::ZERO, |last| {
            Duration::from_nanos(u64::try_from(last + self.step_ns).unwrap_or(0))
        })
    }

    /// Returns a moment of the present connection on the time line; negative before the first frame.
    pub fn elapsed_ns(&self, running_ns: i64) -> Option<i64> {
        self.connection.map(|c| running_ns - c.first_running_ns + c.offset_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn time_counts_from_the_first_frame() {
        let (mut line, now) = (Timeline::default(), Instant::now());
        assert_eq!(line.place(Some(500_000_000), None, now), Place { index: 0, elapsed: millis(0) });
        assert_eq!(line.place(Some(540_000_000), None, now), Place { index: 1, elapsed: millis(40) });
        assert_eq!(line.elapsed_ns(490_000_000), Some(-10_000_000));
    }

    #[test]
    fn a_new_connection_goes_on_where_the_wall_clock_stands() {
        let (mut line, now) = (Timeline::default(), Instant::now());
        line.place(Some(0), None, now);
        line.place(Some(40_000_000), None, now + millis(40));
        line.reconnect();
        let place = line.place(Some(7_000_000_000), None, now + millis(3_000));
        assert_eq!(place, Place { index: 2, elapsed: millis(3_000) });
        assert_eq!(line.place(Some(7_040_000_000), None, now).elapsed, millis(3_040));
    }

    #[test]
    fn frames_without_time_or_running_back_follow_by_one_step() {
        let (mut line, now) = (Timeline::default(), Instant::now());
        let step = Some(40_000_000);
        let elapsed: Vec<_> = [Some(0), None, Some(20_000_000), Some(160_000_000)]
            .map(|at| line.place(at, step, now).elapsed.as_millis())
            .into();
        assert_eq!(elapsed, [0, 40, 80, 160]);
    }
}
