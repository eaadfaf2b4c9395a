//! A task that is stored and a task that is offered: which one stands.
//!
//! | the offered task | what stands |
//! |---|---|
//! | goes on from the stored history | the offered one |
//! | is the stored one proposed again (same transitions, other times) | stored times and history, offered facts; the stored one if it was sent and the offered lead differs |
//! | anything else: people have moved the stored one on | the stored one |

use dispatch::{State, Task};

/// Returns the task to store in place of the stored one, or `None` when the stored one stands.
pub(crate) fn reconciled(stored: &Task, offered: &Task) -> Option<Task> {
    if stored == offered {
        return None;
    }
    let goes_on =
        offered.history.len() > stored.history.len() && offered.history.starts_with(&stored.history);
    if goes_on {
        return Some(offered.clone());
    }
    let moves = |task: &Task| task.history.iter().map(|t| (t.from, t.to)).collect::<Vec<_>>();
    let proposed_again = moves(stored) == moves(offered);
    if !proposed_again || (stored.lead != offered.lead && stored.state != State::Proposed) {
        return None;
    }
    let renewed = Task {
        created: stored.created,
        deadline: stored.deadline,
        stage_deadlines: stored.stage_deadlines,
        history: stored.history.clone(),
        ..offered.clone()
    };
    (renewed != *stored).then_some(renewed)
}
