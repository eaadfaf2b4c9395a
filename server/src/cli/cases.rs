//! Arguments of `incidents`, `tasks` and `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::field::{GroupsArgs, OverdueArgs};
use gis::zones::Crs;
use jiff::Timestamp;
use uuid::Uuid;

/// Where incidents and tasks are kept.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Output folder of `analyze`, which holds flyonce.sqlite where the configuration names no store
    #[arg(long, value_name = "DIR", conflicts_with = "db")]
    pub out: Option<PathBuf>,
    /// Database itself, whatever the configuration says: an SQLite file, or postgresql://user@host:port/database
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Configuration of the city, for its store, departments, rules and zones; the shipped lists when not given
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Who decides, and why.
#[derive(Debug, Clone, Args)]
pub struct PersonArgs {
    /// Where incidents and tasks are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub actor: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do it only if the last operation on each that is named is this one, as `show` tells it; 0 for none
    #[arg(long, value_name = "N")]
    pub if_version: Option<u64>,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of a look.
#[derive(Debug, Clone, Args)]
pub struct LookArgs {
    /// Where incidents and tasks are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `incidents`.
#[derive(Debug, Clone, Args)]
pub struct IncidentsArgs {
    /// What to do with incidents
    #[command(subcommand)]
    pub command: IncidentsCommand,
}

/// What to do with incidents.
#[derive(Debug, Clone, Subcommand)]
pub enum IncidentsCommand {
    /// Print the open incidents
    List(IncidentsListArgs),
    /// Print an incident with its observations, tasks and operations
    Show(OneLookArgs),
    /// Say that several are one: the one seen first takes the others over
    Merge(IncidentsMergeArgs),
    /// Say that some observations are of another thing: they leave into an incident of their own
    Split(IncidentsSplitArgs),
    /// Say that it is none; its task is rejected
    Reject(OneArgs),
    /// Say that it is over
    Close(OneArgs),
    /// Open a closed one again, with its task
    Reopen(OneArgs),
    /// Take back the last operation on it
    Undo(OneArgs),
    /// Print what one cause may have made many of, such as rain or a dirty lens; answer for all of a group at once
    Groups(GroupsArgs),
}

/// Arguments of `incidents list`.
#[derive(Debug, Clone, Args)]
pub struct IncidentsListArgs {
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
    /// Closed ones too
    #[arg(long)]
    pub all: bool,
    /// Only of this class
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
}

/// Arguments of a look at one incident or task.
#[derive(Debug, Clone, Args)]
pub struct OneLookArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
}

/// Arguments of an operation on one incident or task.
#[derive(Debug, Clone, Args)]
pub struct OneArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// Who and why
    #[command(flatten)]
    pub person: PersonArgs,
}

/// Arguments of `incidents merge`.
#[derive(Debug, Clone, Args)]
pub struct IncidentsMergeArgs {
    /// Their ids
    #[arg(value_name = "ID", required = true, num_args = 2..)]
    pub ids: Vec<Uuid>,
    /// Who and why
    #[command(flatten)]
    pub person: PersonArgs,
}

/// Arguments of `incidents split`.
#[derive(Debug, Clone, Args)]
pub struct IncidentsSplitArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// Observation that leaves, as `incidents show` lists them; may be given several times
    #[arg(long = "observation", value_name = "ID", required = true)]
    pub observations: Vec<Uuid>,
    /// Who and why
    #[command(flatten)]
    pub person: PersonArgs,
}

/// Arguments of `tasks`.
#[derive(Debug, Clone, Args)]
pub struct TasksArgs {
    /// What to do with tasks
    #[command(subcommand)]
    pub command: TasksCommand,
}

/// What to do with tasks.
#[derive(Debug, Clone, Subcommand)]
pub enum TasksCommand {
    /// Print the tasks on which work is not over
    List(TasksListArgs),
    /// Print a task with its course and operations
    Show(OneLookArgs),
    /// Agree to a proposal
    Confirm(OneArgs),
    /// Send a confirmed, bounced or reopened task to a department
    Dispatch(DepartmentArgs),
    /// Give a task to another department, whichever has it
    Reassign(DepartmentArgs),
    /// Say that it is none; its incident stays, so that the same sight asks nobody again
    Reject(OneArgs),
    /// The department takes it
    Accept(OneArgs),
    /// The department gives it back: not ours
    Bounce(OneArgs),
    /// A crew leaves
    Depart(OneArgs),
    /// A crew is there
    Arrive(OneArgs),
    /// The work is done
    Finish(OneArgs),
    /// The work is seen to be done
    Verify(OneArgs),
    /// The work is seen not to be done
    Refute(OneArgs),
    /// Close a verified task and its incident
    Close(OneArgs),
    /// Open an ended task again, and its incident
    Reopen(OneArgs),
    /// Take back the last operation on it
    Undo(OneArgs),
    /// Print which tasks departments gave back, and what changes of the rules that speaks for
    Bounces(LookArgs),
    /// Print which stages of tasks are late, and who is to be told
    Overdue(OverdueArgs),
}

/// Arguments of `tasks list`.
#[derive(Debug, Clone, Args)]
pub struct TasksListArgs {
    /// How to look
    #[command(flatten)]
    pub look: LookArgs,
    /// Those that are over too
    #[arg(long)]
    pub all: bool,
    /// Only those that this department leads
    #[arg(long, value_name = "DEPARTMENT")]
    pub department: Option<String>,
}

/// Arguments of a step that names a department.
#[derive(Debug, Clone, Args)]
pub struct DepartmentArgs {
    /// Id of the task
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// Id of the department
    #[arg(long = "to", value_name = "DEPARTMENT")]
    pub department: String,
    /// Who and why
    #[command(flatten)]
    pub person: PersonArgs,
}

/// Form of exported labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LabelFormat {
    /// images/ and annotations.json with boxes and outlines
    #[default]
    Coco,
    /// images/, labels/ with boxes, data.yaml
    Yolo,
}

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// GeoPackage to write; one that is there is replaced
    #[arg(long, value_name = "FILE", required_unless_present = "labels", conflicts_with = "labels")]
    pub gpkg: Option<PathBuf>,
    /// Folder to write what people decided about into, as pictures with boxes; it must not be there or be empty
    #[arg(long, value_name = "DIR")]
    pub labels: Option<PathBuf>,
    /// Form of the labels
    #[arg(long, value_name = "FORM", value_enum, default_value_t, requires = "labels")]
    pub format: LabelFormat,
    /// Folder of the evidence, where it is not `evidence` beside the store
    #[arg(long, value_name = "DIR", requires = "labels")]
    pub evidence: Option<PathBuf>,
    /// Write pictures as they were taken, faces and plates and all, instead of coarse ones; noted with who and why
    #[arg(long, requires_all = ["labels", "actor", "reason"])]
    pub originals: bool,
    /// Who takes originals out
    #[arg(long, value_name = "NAME", requires = "originals")]
    pub actor: Option<String>,
    /// Why
    #[arg(long, value_name = "WHY", requires = "originals")]
    pub reason: Option<String>,
    /// Where incidents and tasks are kept
    #[command(flatten)]
    pub store: StoreArgs,
    /// Only incidents last seen at this time or later, with their tasks, and ground looked at since, as in 2026-06-22T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Only incidents of this class, with their tasks; may be given several times
    #[arg(long, value_name = "CLASS")]
    pub class: Vec<String>,
    /// Reference system of the file: EPSG:4326 (WGS-84) or EPSG:4490 (CGCS2000)
    #[arg(long, value_name = "CRS", default_value = "EPSG:4326")]
    pub crs: Crs,
}
