//! Decides over several looks whether a view stands, has moved or is unknown.
//!
//! | look | view it shows | then |
//! |---|---|---|
//! | registered | the believed one | confirmed, doubts are forgotten |
//! | registered | another one, shown by 3 of the last 4 looks | that view is believed: steady where it is the reference's, else moved |
//! | registered or other view | not the believed one for 45 s, nor any other often enough | unknown |
//! | too little to see | | nothing for 10 minutes, then unknown: the dark does not turn cameras |
//!
//! Until a configured reference was seen once, a look that does not show it makes the view unknown at once.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use nalgebra::Matrix3;

use super::Registration;
use super::homography::{Shift, difference, shift};

/// Difference of two views that counts as a move, as a share of the width: between what stands (0.05 % at most, dark and noise
/// included) and a turn by one degree about the optical axis (0.55 %).
const MOVED: f64 = 0.0025;
/// Looks kept, and how many of them must agree on a new view.
const KEPT: usize = 4;
const AGREEING: usize = 3;
/// Time without a look at the believed view after which it is unknown.
const LOST_AFTER: Duration = Duration::from_secs(45);
/// The same where there is too little to see.
const DARK_AFTER: Duration = Duration::from_mins(10);

/// What one look at the view gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// The still lies on the reference.
    Registered(Registration),
    /// There is much to see and it is not the reference.
    OtherView,
    /// Too dark, too empty or covered.
    TooLittle,
}

/// What is known of the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Scene {
    /// The camera looks where its reference does, as far as is known.
    Steady,
    /// It looks elsewhere, and where is known.
    Moved(Box<Move>),
    /// Where it looks is not known.
    Unknown,
}

/// A move of the view.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// In words.
    pub shift: Shift,
    /// The look that showed it.
    pub registration: Registration,
}

impl Scene {
    /// Returns the state in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Moved(_) => "moved",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Moved(change) = self else { return f.write_str(self.name()) };
        let Shift { share_of_width, zoom, turn_deg } = change.shift;
        let percent = share_of_width * 100.0;
        write!(f, "moved by {percent:.1} % of the width, zoom {zoom:.3}, turn {turn_deg:.1} degrees")
    }
}

/// The states of one view.
#[derive(Debug)]
pub struct Watch {
    scene: Scene,
    /// The believed view, from the reference.
    believed: Matrix3<f64>,
    confirmed_at: Duration,
    /// A configured reference was not seen yet.
    unproved: bool,
    /// The last looks that did not show the believed view; `None` where they showed none.
    doubts: VecDeque<Option<Registration>>,
}

impl Watch {
    /// Returns a watch that believes in the reference; `given` when it was not taken from the feed itself.
    pub fn new(given: bool) -> Self {
        Self {
            scene: Scene::Steady,
            believed: Matrix3::identity(),
            confirmed_at: Duration::ZERO,
            unproved: given,
            doubts: VecDeque::new(),
        }
    }

    /// Returns what is known.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Returns whether the last looks did not show what is believed and nothing is decided yet.
    pub fn in_doubt(&self) -> bool {
        !self.doubts.is_empty() && (self.scene != Scene::Unknown || self.unproved)
    }

    /// Takes the next look, at `now` in the time of the feed, and returns what is known then.
    pub fn step(&mut self, look: Look, now: Duration) -> &Scene {
        let unseen = now.saturating_sub(self.confirmed_at);
        match look {
            Look::TooLittle => {
                if unseen >= DARK_AFTER {
                    self.scene = Scene::Unknown;
                }
            }
            Look::Registered(found) if self.shows_believed(&found) => self.confirm(found, now),
            Look::Registered(found) => self.doubt(Some(found), now),
            Look::OtherView => self.doubt(None, now),
        }
        &self.scene
    }

    fn shows_believed(&self, found: &Registration) -> bool {
        difference(&found.still_from_reference, &self.believed, found.size) < MOVED
    }

    fn confirm(&mut self, found: Registration, now: Duration) {
        self.doubts.clear();
        (self.confirmed_at, self.unproved) = (now, false);
        if self.scene == Scene::Unknown {
            self.scene = scene_of(found);
        }
    }

    fn doubt(&mut self, found: Option<Registration>, now: Duration) {
        self.doubts.push_back(found);
        while self.doubts.len() > KEPT {
            self.doubts.pop_front();
        }
        if let Some(agreed) = self.agreed() {
            self.believed = agreed.still_from_reference;
            self.scene = scene_of(agreed);
            self.doubts.clear();
            (self.confirmed_at, self.unproved) = (now, false);
        } else if self.unproved
            || (self.doubts.len() >= AGREEING && now.saturating_sub(self.confirmed_at) >= LOST_AFTER)
        {
            self.scene = Scene::Unknown;
        }
    }

    /// Returns the last look where enough of those before it show the same.
    fn agreed(&self) -> Option<Registration> {
        let last = self.doubts.back()?.as_ref()?;
        let same = |other: &&Registration| {
            difference(&other.still_from_reference, &last.still_from_reference, last.size) < MOVED
        };
        let agreeing = self.doubts.iter().flatten().filter(same).count();
        (agreeing >= AGREEING).then(|| last.clone())
    }
}

fn scene_of(found: Registration) -> Scene {
    let shift = shift(&found.still_from_reference, found.size);
    let moved = difference(&found.still_from_reference, &Matrix3::identity(), found.size) >= MOVED;
    match shift {
        Some(shift) if moved => Scene::Moved(Box::new(Move { shift, registration: found })),
        Some(_) => Scene::Steady,
        None => Scene::Unknown,
    }
}
