//! Flights over MAVLink against the simulated vehicle, with everything that can go wrong on the way.

use std::time::Duration;

use gis::LatLon;
use missions::check::Wind;
use missions::link::launch::{Progress, What};
use missions::link::lossy::{Lossy, Mishap, Odds};
use missions::link::mavlink::simulator::{Model, Rehearsal, Simulator};
use missions::link::mavlink::{
    Autopilot, Flight, MavMessage, MavMissionResult, MavMissionType, Mission, Mode, Settings, fence, rally,
};
use missions::link::rest::{Rest, rest_of};
use missions::link::{Answer, Break, Cause, Command, GateKind, Order, State};
use missions::plan::{Action, Finish, HeightReference, LostLink, Nose, Waypoint};
use missions::{Leg, LegKind, Plan, Plane};

use crate::support::PLACE;

const HOUR: Duration = Duration::from_hours(1);

/// Waypoints on a zigzag, 60 m apart, with pictures from the first to the last.
fn plan(count: usize) -> Plan {
    let plane = Plane::around(PLACE);
    let waypoint = |index: usize| {
        let (east, north) = ((index % 2) as f64 * 60.0, index as f64 * 10.0);
        let actions = match index {
            0 => vec![Action::Pitch { deg: -90.0 }, Action::PicturesEvery { metres: 20.0 }],
            last if last + 1 == count => vec![Action::PicturesEnd],
            _ => Vec::new(),
        };
        Waypoint {
            at: plane.place(geo::Coord { x: east, y: north }),
            height_m: 50.0,
            speed_mps: None,
            stop: false,
            nose: Nose::Along,
            actions,
        }
    };
    Plan {
        aircraft: "multicopter".to_owned(),
        home: Some(PLACE),
        heights: HeightReference::TakeOff,
        take_off_height_m: 40.0,
        speed_mps: 8.0,
        finish: Finish::GoHome,
        lost_link: LostLink::GoHome,
        waypoints: (0..count).map(waypoint).collect(),
        legs: vec![Leg { first: 0, last: count - 1, kind: LegKind::Line, serves: Vec::new() }],
    }
}

fn settings() -> Settings {
    Settings { wind: Some(Wind { speed_mps: 3.0, from_deg: 270.0 }), ..Settings::default() }
}

fn clear() -> Lossy<MavMessage> {
    Lossy::new(Odds::default(), 1)
}

fn rehearsal(plan: &Plan, model: Model) -> Rehearsal {
    Rehearsal::new(Flight::new(plan.clone(), settings()), Simulator::new(model), clear(), clear())
}

fn order(command: Command) -> Order {
    Order { command, actor: "王五".to_owned(), reason: "test".to_owned() }
}

fn ready(world: &mut Rehearsal) {
    let came =
        world.until(HOUR, |world| *world.flight.state() == State::Ready || world.flight.state().is_over());
    assert!(came && *world.flight.state() == State::Ready, "{:?}", world.flight.state());
}

fn launched(plan: &Plan, model: Model) -> Rehearsal {
    let mut world = rehearsal(plan, model);
    ready(&mut world);
    world.flight.order(order(Command::Launch)).unwrap();
    world
}

fn flying_past(world: &mut Rehearsal, waypoint: usize) {
    let there = world.until(HOUR, |world| match world.flight.state() {
        State::Flying { progress } => progress.waypoint.is_some_and(|at| at > waypoint),
        _ => false,
    });
    assert!(there, "{:?}", world.flight.state());
}

fn over(world: &mut Rehearsal) -> State {
    assert!(world.until(HOUR, |world| world.flight.state().is_over()), "{:?}", world.flight.state());
    world.flight.state().clone()
}

/// The items on board and those of the plan, as texts: NaN is not NaN otherwise.
fn on_board(world: &Rehearsal, plan: &Plan, home_first: bool) -> (Vec<String>, Vec<String>) {
    let shown = |item: &missions::link::mavlink::WireItem| format!("{item:?}");
    let kept = world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_MISSION).iter().map(shown).collect();
    (kept, Mission::of(plan, home_first).unwrap().items.iter().map(shown).collect())
}

/// Names of the states in the record, in their order.
fn states(world: &mut Rehearsal) -> Vec<String> {
    let name = |what: What| match what {
        What::Changed { state, .. } => {
            let value = serde_json::to_value(&state).unwrap();
            Some(value["state"].as_str().unwrap().to_owned())
        }
        _ => None,
    };
    world.flight.record().into_iter().filter_map(name).collect()
}

#[test]
fn a_flight_goes_from_its_gates_to_the_ground() {
    for autopilot in [Autopilot::Px4, Autopilot::ArduPilot] {
        for older in [false, true] {
            let plan = plan(5);
            let mut world = launched(&plan, Model { autopilot, older, ..Model::at(PLACE) });
            assert_eq!(over(&mut world), State::Landed { left_at: None }, "{autopilot:?}");
            let (kept, sent) = on_board(&world, &plan, autopilot.home_first());
            assert_eq!(kept.len(), sent.len());
            let passed = world.vehicle.passed().len() + usize::from(autopilot.home_first());
            // The last item is the way home, which is not passed but begun.
            assert_eq!(passed + 1, sent.len(), "{autopilot:?}");
            let seen = states(&mut world);
            assert_eq!(seen, ["gate", "uploading", "ready", "launching", "flying", "returning", "landed"]);
            assert!(!world.vehicle.is_airborne());
        }
    }
}

#[test]
fn places_survive_both_types_of_items() {
    for older in [false, true] {
        let plan = plan(4);
        let mut world = rehearsal(&plan, Model { older, ..Model::at(PLACE) });
        ready(&mut world);
        let (kept, sent) = on_board(&world, &plan, false);
        assert_eq!(kept, sent);
    }
}

#[test]
fn a_vehicle_that_only_knows_the_older_items_gets_them() {
    use missions::link::mavlink::Upload;
    let plan = plan(3);
    let mission = Mission::of(&plan, false).unwrap();
    let mut vehicle = Simulator::new(Model { older: true, ..Model::at(PLACE) });
    let us = missions::link::mavlink::STATION;
    let kind = MavMissionType::MAV_MISSION_TYPE_MISSION;
    let mut upload = Upload::new(us, vehicle.peer(), kind, mission.items);
    let mut now = Duration::ZERO;
    while upload.outcome().is_none() {
        now += Duration::from_millis(50);
        let mut out = Vec::new();
        upload.tick(now, &mut out);
        vehicle.tick(now);
        for message in vehicle.sends() {
            upload.hear(&message, now, &mut out);
        }
        // The newer type is not understood.
        for message in out.iter().filter(|message| !matches!(message, MavMessage::MISSION_ITEM_INT(_))) {
            vehicle.hear(us, message, now);
        }
    }
    assert_eq!(upload.outcome(), Some(&Ok(())));
    assert_eq!(vehicle.list(kind).len(), upload.items().len());
}

#[test]
fn every_message_in_turn_lost_doubled_late_or_overtaken_changes_nothing() {
    let plan = plan(2);
    let fly = |up: Lossy<MavMessage>, down: Lossy<MavMessage>| {
        let model = Model { speed_mps: 15.0, climb_mps: 10.0, ..Model::at(PLACE) };
        let mut world =
            Rehearsal::new(Flight::new(plan.clone(), settings()), Simulator::new(model), up, down);
        ready(&mut world);
        let (kept, sent) = on_board(&world, &plan, false);
        assert_eq!(kept, sent);
        world.flight.order(order(Command::Launch)).unwrap();
        let end = over(&mut world);
        let passed = world.vehicle.passed().to_vec();
        (end, passed, world.up.taken(), world.down.taken())
    };
    let (end, passed, up, down) = fly(clear(), clear());
    assert_eq!(end, State::Landed { left_at: None });
    for mishap in Mishap::ALL {
        for which in 0..up {
            let (end, flown, ..) = fly(Lossy::with_one(which, mishap), clear());
            assert_eq!((end, &flown), (State::Landed { left_at: None }, &passed), "up {which} {mishap:?}");
        }
        for which in 0..down {
            let (end, flown, ..) = fly(clear(), Lossy::with_one(which, mishap));
            assert_eq!((end, &flown), (State::Landed { left_at: None }, &passed), "down {which} {mishap:?}");
        }
    }
}

#[test]
fn a_thousand_waypoints_arrive_over_a_link_that_loses_every_fifth_message() {
    let plan = plan(1000);
    let odds = Odds { drop: 0.2, ..Odds::default() };
    // A vehicle of few tries gives up now and then; it goes on from where it was.
    for retries in [15, 2] {
        let model = Model { retries, ..Model::at(PLACE) };
        let flight = Flight::new(plan.clone(), settings());
        let (up, down) = (Lossy::new(odds, 7), Lossy::new(odds, 8));
        let mut world = Rehearsal::new(flight, Simulator::new(model), up, down);
        ready(&mut world);
        let (kept, sent) = on_board(&world, &plan, false);
        assert_eq!(kept, sent);
    }
}

#[test]
fn one_list_is_never_mixed_with_another_that_was_broken_off() {
    let (first, second) = (plan(40), {
        let mut other = plan(40);
        other.waypoints.reverse();
        other
    });
    let mut vehicle = Simulator::new(Model { retries: 1, ..Model::at(PLACE) });
    let mut world = rehearsal(&first, Model::at(PLACE));
    std::mem::swap(&mut world.vehicle, &mut vehicle);
    world.until(HOUR, |world| matches!(world.flight.state(), State::Uploading { done, .. } if *done > 20));
    world.connected = false;
    for _ in 0..500 {
        world.step();
    }
    let mut again = rehearsal(&second, Model::at(PLACE));
    std::mem::swap(&mut again.vehicle, &mut world.vehicle);
    ready(&mut again);
    let (kept, sent) = on_board(&again, &second, false);
    assert_eq!(kept, sent);
}

#[test]
fn a_refused_item_is_named_with_the_reason() {
    let refuse = |model: Model, count: usize| {
        let mut world = rehearsal(&plan(count), model);
        match over(&mut world) {
            State::Failed { fault } => fault,
            other => panic!("{other:?}"),
        }
    };
    let refuses = Some((4, MavMissionResult::MAV_MISSION_INVALID_PARAM7));
    let fault = refuse(Model { refuses, ..Model::at(PLACE) }, 9);
    assert_eq!(fault.code.as_deref(), Some("MAV_MISSION_INVALID_PARAM7"));
    assert!(fault.what.en.contains("item 4 (MAV_CMD_") && fault.what.en.contains("height"), "{fault:?}");
    assert!(fault.what.zh.contains("第 4 项") && fault.mend.zh.contains("高度"), "{fault:?}");
    let fault = refuse(Model { most_items: 50, ..Model::at(PLACE) }, 60);
    assert_eq!(fault.code.as_deref(), Some("MAV_MISSION_NO_SPACE"));
    assert!(fault.mend.en.contains("cut the plan"), "{fault:?}");
}

#[test]
fn a_plan_that_is_none_is_never_sent() {
    let mut nan = plan(3);
    nan.waypoints[1].at.lat_deg = f64::NAN;
    let mut empty = plan(3);
    (empty.waypoints, empty.legs) = (Vec::new(), Vec::new());
    let mut long = plan(3);
    long.waypoints = vec![long.waypoints[0].clone(); 65_535];
    long.legs.clear();
    for (plan, words) in [(nan, "a coordinate is NaN"), (empty, "no waypoint"), (long, "the protocol counts")]
    {
        let fault = Mission::of(&plan, false).unwrap_err();
        assert!(fault.what.en.contains(words), "{fault:?}");
        let mut world = rehearsal(&plan, Model::at(PLACE));
        assert!(matches!(over(&mut world), State::Failed { .. }));
        assert!(world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_MISSION).is_empty());
    }
}

#[test]
fn every_gate_shuts_on_its_own() {
    let shut = |settings: Settings, model: Model| {
        let flight = Flight::new(plan(3), settings);
        let mut world = Rehearsal::new(flight, Simulator::new(model), clear(), clear());
        assert!(matches!(over(&mut world), State::Failed { .. }), "{:?}", world.flight.gates());
        let gates = world.flight.gates().iter().filter(|gate| gate.fault.is_some());
        gates.map(|gate| gate.kind).collect::<Vec<GateKind>>()
    };
    let model = || Model::at(PLACE);
    assert_eq!(shut(settings(), Model { battery_percent: 30.0, ..model() }), [GateKind::Battery]);
    assert_eq!(shut(settings(), Model { satellites: 3, ..model() }), [GateKind::Position]);
    let far = LatLon { lat_deg: PLACE.lat_deg + 0.01, ..PLACE };
    assert_eq!(shut(settings(), Model::at(far)), [GateKind::Home]);
    assert_eq!(shut(Settings::default(), model()), [GateKind::Wind]);
    let other_pilot = Some("李四".to_owned());
    assert_eq!(shut(Settings { other_pilot, ..settings() }, model()), [GateKind::Free]);
    let unfit = Some(missions::link::Words::new("大疆", "DJI"));
    assert_eq!(shut(Settings { unfit, ..settings() }, model()), [GateKind::Aircraft]);
}

#[test]
fn two_stations_on_one_link_are_noticed() {
    let mut world = rehearsal(&plan(3), Model::at(PLACE));
    let other = missions::link::mavlink::Peer { system: 255, component: 190 };
    for _ in 0..10 {
        world.step();
    }
    let beat = MavMessage::HEARTBEAT(mavlink::dialects::common::HEARTBEAT_DATA {
        mavtype: mavlink::dialects::common::MavType::MAV_TYPE_GCS,
        autopilot: mavlink::dialects::common::MavAutopilot::MAV_AUTOPILOT_INVALID,
        ..mavlink::dialects::common::HEARTBEAT_DATA::default()
    });
    world.flight.hear(other, &beat, world.now());
    let State::Failed { fault } = over(&mut world) else { panic!("{:?}", world.flight.state()) };
    assert!(fault.what.en.contains("ground station") && fault.what.en.contains("255"), "{fault:?}");
}

#[test]
fn nobody_there_is_told_within_seconds() {
    let mut world = rehearsal(&plan(3), Model::at(PLACE));
    world.connected = false;
    let State::Failed { fault } = over(&mut world) else { panic!("{:?}", world.flight.state()) };
    assert!(fault.what.en.contains("no heartbeat") && world.now() < Duration::from_secs(20), "{fault:?}");
}

#[test]
fn a_flight_holds_and_goes_on_where_it_was() {
    let plan = plan(6);
    let mut world = launched(&plan, Model::at(PLACE));
    flying_past(&mut world, 2);
    world.flight.order(order(Command::Pause)).unwrap();
    assert!(world.until(HOUR, |world| matches!(world.flight.state(), State::Paused { .. })));
    let (before, _) = world.vehicle.place();
    let refused = world.flight.order(order(Command::Pause)).unwrap_err();
    assert!(refused.what.zh.contains("已暂停"), "{refused:?}");
    world.until(Duration::from_secs(20), |_| false);
    assert_eq!(world.vehicle.place().0, before);
    world.flight.order(order(Command::Resume)).unwrap();
    assert_eq!(over(&mut world), State::Landed { left_at: None });
    let accepted = |what: What| match what {
        What::Ordered { order, answer: Answer::Accepted } => Some(order.command),
        _ => None,
    };
    let taken: Vec<Command> = world.flight.record().into_iter().filter_map(accepted).collect();
    assert_eq!(taken, [Command::Launch, Command::Pause, Command::Resume]);
}

#[test]
fn the_way_home_can_be_left_for_the_plan_again() {
    let mut world = launched(&plan(8), Model::at(PLACE));
    flying_past(&mut world, 3);
    world.flight.order(order(Command::ReturnHome)).unwrap();
    let home =
        |world: &Rehearsal| matches!(world.flight.state(), State::Returning { cause: Cause::Asked, .. });
    assert!(world.until(HOUR, home));
    world.until(Duration::from_secs(5), |_| false);
    world.flight.order(order(Command::Resume)).unwrap();
    assert!(world.until(HOUR, |world| matches!(world.flight.state(), State::Flying { .. })));
    assert_eq!(over(&mut world), State::Landed { left_at: None });
    let waypoints = Mission::of(&plan(8), false).unwrap();
    let flown = |waypoint: usize| {
        let item = waypoints.item_of(waypoint).unwrap();
        world.vehicle.passed().iter().filter(|passed| **passed == item).count()
    };
    assert!((0..8).all(|waypoint| flown(waypoint) >= 1));
    // From the waypoint before the break on, so that nothing between is left out.
    assert_eq!((0..8).filter(|waypoint| flown(*waypoint) == 2).count(), 1);
}

#[test]
fn a_flight_that_came_home_early_says_where_it_was_left_and_the_rest_can_be_flown() {
    let whole = plan(8);
    let mut world = launched(&whole, Model::at(PLACE));
    flying_past(&mut world, 3);
    world.flight.order(order(Command::ReturnHome)).unwrap();
    let State::Landed { left_at: Some(left) } = over(&mut world) else {
        panic!("{:?}", world.flight.state())
    };
    assert!((3..=5).contains(&left.waypoint), "{left:?}");
    let rest = rest_of(&whole, left).unwrap();
    rest.check().unwrap();
    assert_eq!(rest.waypoints.len(), 8 - left.waypoint);
    // Pictures were being taken at the break; they are taken again from there.
    assert!(rest.waypoints[0].actions.contains(&Action::PicturesEvery { metres: 20.0 }));
    assert_eq!(over(&mut launched(&rest, Model::at(PLACE))), State::Landed { left_at: None });
}

#[test]
fn a_rest_that_is_broken_off_again_leaves_what_the_whole_leaves_there() {
    let whole = plan(8);
    let (rest, reads) = Rest::of(&whole, Break { waypoint: 2, share: 0.5 }).unwrap();
    for (waypoint, share) in [(0, 0.0), (0, 0.4), (2, 0.3)] {
        let again = Break { waypoint, share };
        let (once, twice) = (rest_of(&whole, reads.left_at(again)).unwrap(), rest_of(&rest, again).unwrap());
        assert_eq!(once.waypoints.len(), twice.waypoints.len());
        let apart_m = gis::geodesy::plane_distance_m(once.waypoints[0].at, twice.waypoints[0].at);
        assert!(apart_m < 0.01, "{again:?}: {apart_m}");
    }
    let far = |waypoint, share| reads.progress(Progress { waypoint, waypoints: rest.waypoints.len(), share });
    // Two and a half of seven equal ways were flown before.
    assert!((far(None, 0.0).share - 2.5 / 7.0).abs() < 1e-6 && (far(None, 1.0).share - 1.0).abs() < 1e-9);
    assert_eq!((far(Some(3), 0.5).waypoint, far(Some(3), 0.5).waypoints), (Some(5), 8));
}

#[test]
fn an_abort_in_the_air_flies_home_and_before_takes_the_plan_away() {
    let mut world = launched(&plan(8), Model::at(PLACE));
    flying_past(&mut world, 2);
    world.flight.order(order(Command::Abort)).unwrap();
    assert!(world.until(HOUR, |world| {
        matches!(world.flight.state(), State::Returning { cause: Cause::Aborted, .. })
    }));
    assert!(world.flight.order(order(Command::Resume)).is_err());
    assert_eq!(over(&mut world), State::Aborted);
    assert!(!world.vehicle.is_airborne());

    let mut world = rehearsal(&plan(8), Model::at(PLACE));
    ready(&mut world);
    world.flight.order(order(Command::Abort)).unwrap();
    assert_eq!(over(&mut world), State::Aborted);
    assert!(world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_MISSION).is_empty());

    let mut world = rehearsal(&plan(8), Model::at(PLACE));
    world.step();
    world.flight.order(order(Command::Abort)).unwrap();
    assert_eq!(over(&mut world), State::Aborted);
}

#[test]
fn another_plan_is_flown_from_the_air() {
    let mut world = launched(&plan(8), Model::at(PLACE));
    flying_past(&mut world, 2);
    let mut other = plan(5);
    other.waypoints.iter_mut().for_each(|waypoint| waypoint.at.lat_deg += 0.001);
    world.flight.change(order(Command::Change), other.clone()).unwrap();
    assert_eq!(over(&mut world), State::Landed { left_at: None });
    let (kept, sent) = on_board(&world, &other, false);
    assert_eq!(kept, sent);
    let mut nan = plan(5);
    nan.waypoints[0].height_m = f64::NAN;
    let mut world = launched(&plan(8), Model::at(PLACE));
    flying_past(&mut world, 2);
    assert!(world.flight.change(order(Command::Change), nan).is_err());
    assert_eq!(over(&mut world), State::Landed { left_at: None });
}

#[test]
fn a_lost_link_follows_the_plan() {
    let ends = |action: LostLink, autopilot: Autopilot| {
        let plan = Plan { lost_link: action, ..plan(30) };
        let mut world = launched(&plan, Model { autopilot, ..Model::at(PLACE) });
        flying_past(&mut world, 2);
        world.connected = false;
        let lost = world.until(Duration::from_secs(8), |world| {
            matches!(world.flight.state(), State::LinkLost { progress: Some(_), .. })
        });
        assert!(lost, "{:?}", world.flight.state());
        let words = world.flight.state().words();
        assert!(words.zh.contains("链路中断") && words.en.contains("by the plan"), "{words}");
        world.until(Duration::from_secs(7), |_| false);
        let mode = world.vehicle.mode();
        world.connected = true;
        world.until(Duration::from_secs(3), |_| false);
        (mode, world)
    };
    for autopilot in [Autopilot::Px4, Autopilot::ArduPilot] {
        let (mode, mut world) = ends(LostLink::GoHome, autopilot);
        assert_eq!(mode, Mode::Return);
        assert!(matches!(world.flight.state(), State::Returning { cause: Cause::Vehicle, .. }));
        assert!(matches!(over(&mut world), State::Landed { left_at: Some(_) }));
        let (mode, mut world) = ends(LostLink::Continue, autopilot);
        assert_eq!(mode, Mode::Mission);
        assert_eq!(over(&mut world), State::Landed { left_at: None });
        assert_eq!(ends(LostLink::Land, autopilot).0, Mode::Land);
    }
    let (mode, world) = ends(LostLink::Hover, Autopilot::Px4);
    assert_eq!(mode, Mode::Hold);
    assert!(matches!(world.flight.state(), State::Paused { .. }));
}

#[test]
fn an_aircraft_that_is_never_heard_again_is_not_said_to_have_landed() {
    let mut world = launched(&plan(30), Model::at(PLACE));
    flying_past(&mut world, 2);
    world.connected = false;
    let within = Duration::from_secs(3700);
    assert!(world.until(within, |world| world.flight.state().is_over()));
    let State::Failed { fault } = world.flight.state() else { panic!("{:?}", world.flight.state()) };
    assert!(fault.what.en.contains("not known"), "{fault:?}");
}

#[test]
fn a_start_that_is_refused_leaves_the_motors_off() {
    use mavlink::dialects::common::MavResult;
    let mut world = launched(&plan(3), Model { arms: MavResult::MAV_RESULT_DENIED, ..Model::at(PLACE) });
    let State::Failed { fault } = over(&mut world) else { panic!("{:?}", world.flight.state()) };
    assert_eq!(fault.code.as_deref(), Some("MAV_RESULT_DENIED"));
    assert!(fault.what.en.contains("arm"), "{fault:?}");
}

#[test]
fn a_launch_said_twice_is_one_launch() {
    let mut world = launched(&plan(3), Model::at(PLACE));
    assert!(world.flight.order(order(Command::Launch)).is_err());
    assert_eq!(over(&mut world), State::Landed { left_at: None });
    assert!(world.flight.order(order(Command::Launch)).is_err());
}

#[test]
fn fences_and_rally_points_go_on_board_too() {
    let ring = |half: f64| {
        let corner = |x: f64, y: f64| (PLACE.lon_deg + x * half, PLACE.lat_deg + y * half);
        let corners =
            [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0), corner(-1.0, -1.0)];
        geo::LineString::from(corners.to_vec())
    };
    let area = geo::MultiPolygon::from(geo::Polygon::new(ring(0.02), vec![ring(0.001)]));
    let settings = Settings {
        fence: fence(Some(&area), std::slice::from_ref(&area)),
        rally: rally(&[(PLACE, 40.0)]),
        ..settings()
    };
    let flight = Flight::new(plan(3), settings);
    let mut world = Rehearsal::new(flight, Simulator::new(Model::at(PLACE)), clear(), clear());
    ready(&mut world);
    assert_eq!(world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_FENCE).len(), 12);
    assert_eq!(world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_RALLY).len(), 1);
}

#[test]
fn a_flight_is_taken_over_by_another_station() {
    let mut world = launched(&plan(20), Model::at(PLACE));
    flying_past(&mut world, 2);
    world.flight = Flight::taken_over(plan(20), settings());
    assert!(world.until(HOUR, |world| matches!(world.flight.state(), State::Flying { .. })));
    world.flight.order(order(Command::ReturnHome)).unwrap();
    assert!(matches!(over(&mut world), State::Landed { left_at: Some(_) }));
}

#[test]
fn every_state_has_words_and_a_next_step_in_both_languages() {
    let progress = Progress { waypoint: Some(2), waypoints: 9, share: 0.3 };
    let left_at = Some(Break { waypoint: 2, share: 0.5 });
    let fault = missions::link::Fault::new(
        missions::link::Words::new("电量低", "battery low"),
        missions::link::Words::new("请充电", "charge it"),
    );
    let mut all = vec![
        State::Gate,
        State::Uploading { done: 3, total: 9 },
        State::Ready,
        State::Launching,
        State::Flying { progress },
        State::Paused { progress },
        State::Landed { left_at },
        State::Landed { left_at: None },
        State::Aborted,
        State::Failed { fault },
    ];
    let causes = [Cause::Flown, Cause::Asked, Cause::Aborted, Cause::Vehicle];
    all.extend(causes.map(|cause| State::Returning { cause, left_at }));
    for action in [LostLink::Continue, LostLink::GoHome, LostLink::Hover, LostLink::Land] {
        all.extend([None, Some(progress)].map(|progress| State::LinkLost { action, progress }));
    }
    for state in all {
        for words in [state.words(), state.next()] {
            assert!(words.en.is_ascii() && !words.en.is_empty(), "{state:?}: {words}");
            assert!(words.zh.chars().any(|c| c > '\u{4e00}'), "{state:?}: {words}");
        }
        let written = serde_json::to_string(&What::changed(&state)).unwrap();
        assert_eq!(serde_json::from_str::<What>(&written).unwrap(), What::changed(&state));
    }
}
