//! Laws of operations: taking back is identity, every observation has one home, every refusal a reason.

use std::collections::BTreeMap;

use dispatch::casework::{Act, Step};
use gis::{Incident, IncidentId, ObservationId};
use proptest::prelude::*;
use store::{MemoryStore, Store, Subject, What};

use crate::findings::run;
use crate::town::{Town, everything, merge, refusal};

fn city() -> MemoryStore {
    let mut store = MemoryStore::new();
    store.save_run(&run(0..8, Vec::new(), 60)).unwrap();
    store
}

/// A random act, by numbers that pick incidents, tasks and observations.
fn act(store: &dyn Store, [kind, first, other, bits]: [u32; 4]) -> Option<What> {
    let (incidents, tasks) = everything(store);
    let pick = |n: u32| &incidents[n as usize % incidents.len()];
    let incident = pick(first).id;
    let act = match kind % 8 {
        0 | 1 => merge(&[pick(first), pick(other)]),
        2 | 3 => {
            let leaves = |(i, _): &(usize, &ObservationId)| bits >> (i % 32) & 1 == 1;
            let observations = pick(first).observations.iter().enumerate().filter(leaves);
            Act::Split { incident, observations: observations.map(|(_, id)| *id).collect() }
        }
        4 => Act::Reject { incident },
        5 => Act::Reopen { incident },
        6 => {
            let task = tasks.get(first as usize % tasks.len().max(1))?.id;
            let department = || "health".into();
            let steps = [
                Step::Confirm,
                Step::Reject,
                Step::Dispatch { department: department() },
                Step::Reassign { department: department() },
                Step::Accept,
                Step::Bounce,
                Step::Arrive,
                Step::Finish,
                Step::Verify,
                Step::Close,
                Step::Reopen,
            ];
            Act::Step { task, step: steps[other as usize % steps.len()].clone() }
        }
        _ => return Some(What::Undo(Subject::Incident(incident))),
    };
    Some(What::Act(act))
}

fn standing(incidents: &[Incident]) -> BTreeMap<ObservationId, Vec<IncidentId>> {
    let mut homes: BTreeMap<ObservationId, Vec<IncidentId>> = BTreeMap::new();
    for incident in incidents.iter().filter(|incident| incident.merged_into.is_none()) {
        for observation in &incident.observations {
            homes.entry(*observation).or_default().push(incident.id);
        }
    }
    homes
}

fn acts(at_most: usize) -> impl Strategy<Value = Vec<[u32; 4]>> {
    prop::collection::vec(prop::array::uniform4(any::<u32>()), 0..at_most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_observation_has_one_home_whatever_people_do(acts in acts(25)) {
        let (town, mut store) = (Town::new(), city());
        for (second, numbers) in (100_i64..).zip(acts) {
            let Some(what) = act(&store, numbers) else { continue };
            let before = everything(&store);
            let done = town.operate(&mut store, what, second);
            if done.is_err() {
                prop_assert!(!refusal(done).is_empty());
                prop_assert_eq!(everything(&store), before);
            }
            let homes = standing(&store.incidents().unwrap());
            prop_assert_eq!(homes.len(), 24);
            for (observation, homes) in homes {
                prop_assert_eq!(homes.len(), 1, "{:?}", observation);
                let linked = store.observations_of(homes[0]).unwrap();
                prop_assert!(linked.iter().any(|other| other.id == observation));
            }
        }
    }

    #[test]
    fn any_act_taken_back_leaves_everything_as_it_was(acts in acts(12), last in prop::array::uniform4(any::<u32>())) {
        let (town, mut store) = (Town::new(), city());
        for (second, numbers) in (100_i64..).zip(acts) {
            if let Some(what) = act(&store, numbers) {
                drop(town.operate(&mut store, what, second));
            }
        }
        let (incidents, tasks) = everything(&store);
        let Some(what @ What::Act(_)) = act(&store, last) else { return Ok(()) };
        let Ok(done) = town.operate(&mut store, what, 700) else { return Ok(()) };
        let subject = done.incidents.first().map(|incident| Subject::Incident(incident.id));
        let subject = subject.or(done.tasks.first().map(|task| Subject::Task(task.id))).unwrap();
        let undone = town.undo(&mut store, subject).unwrap();
        prop_assert_eq!(undone.undoes, Some(done.id));
        prop_assert!(undone.remarks.is_empty());
        for incident in &incidents {
            prop_assert_eq!(store.incident(incident.id).unwrap(), Some(incident.clone()));
        }
        for task in &tasks {
            prop_assert_eq!(store.task(task.id).unwrap(), Some(task.clone()));
        }
        // What a split made does not vanish: it is merged into what it came from.
        let (incidents_now, tasks_now) = everything(&store);
        let made = incidents_now.iter().filter(|now| incidents.iter().all(|old| old.id != now.id));
        prop_assert!(made.into_iter().all(|incident| incident.merged_into.is_some()));
        let proposed = tasks_now.iter().filter(|now| tasks.iter().all(|old| old.id != now.id));
        prop_assert!(proposed.into_iter().all(|task| task.state.is_over()));
    }

    #[test]
    fn what_is_merged_does_not_depend_on_the_order_in_which_it_is_named(order in Just([0, 1, 2]).prop_shuffle()) {
        let town = Town::new();
        let merged = |order: &[usize]| {
            let mut store = city();
            let incidents = store.incidents().unwrap();
            let named: Vec<&Incident> = order.iter().map(|i| &incidents[*i]).collect();
            town.act(&mut store, merge(&named), 100).unwrap();
            everything(&store)
        };
        prop_assert_eq!(merged(&order), merged(&[0, 1, 2]));
    }
}
