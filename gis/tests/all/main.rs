//! Tests of `gis` against truth from outside and against laws that hold for any input.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail and report like tests"
)]

mod calibrate_laws;
mod camera_vectors;
mod dedupe_by_person;
mod dedupe_cells;
mod dedupe_confirm;
mod dedupe_glimpses;
mod dedupe_gone;
mod dedupe_join;
mod dedupe_order;
mod dedupe_repeat;
mod dedupe_scene;
mod georef_bad_input;
mod georef_door;
mod georef_frame;
mod georef_laws;
mod georef_quick;
mod georef_shutter;
mod georef_truth;
mod georef_uncertainty;
mod mount_clock;
mod mount_synthetic;
mod mount_truth;
mod plain;
mod reference;
mod scene;
mod terrain_blocks;
mod terrain_geotiff;
mod terrain_tiles;
mod zones_bad_files;
mod zones_context;
mod zones_exact;
mod zones_formats;
mod zones_index;
mod zones_reference;
