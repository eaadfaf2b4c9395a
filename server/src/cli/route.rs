//! Arguments of the commands about who gets what: `route` and `rules`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use gis::zones::ZoneLevel;
use jiff::Timestamp;
use jiff::civil::Date;

/// A city, by its configuration or by its parts.
#[derive(Debug, Clone, Args)]
pub struct CityArgs {
    /// Configuration with zones, context, departments and rules; what is given beside it goes before it
    #[arg(long, value_name = "FILE", required_unless_present = "zones")]
    pub config: Option<PathBuf>,
    /// Boundary file, or zone store; several times for several. A level for files that state none and a kind follow it, as in
    /// banks.geojson=special:river_bank
    #[arg(long, value_name = "FILE[=LEVEL[:KIND]]")]
    pub zones: Vec<ZoneArg>,
    /// Rules; the lists they name are read too
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Departments
    #[arg(long, value_name = "FILE")]
    pub departments: Option<PathBuf>,
    /// File of a context layer, as in water.geojson=permanent_water; several times for several
    #[arg(long, value_name = "FILE=LAYER")]
    pub context: Vec<ContextArg>,
}

/// A boundary file with what it does not say itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneArg {
    /// The file.
    pub path: PathBuf,
    /// Level of its zones.
    pub level: Option<ZoneLevel>,
    /// Kind of special areas.
    pub kind: Option<String>,
}

impl FromStr for ZoneArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, rest)) = text.rsplit_once('=') else {
            return Ok(Self { path: text.into(), level: None, kind: None });
        };
        let (level, kind) = rest.split_once(':').map_or((rest, None), |(level, kind)| (level, Some(kind)));
        let level: ZoneLevel = level.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { path: path.into(), level: Some(level), kind: kind.map(str::to_owned) })
    }
}

/// A file of a context layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextArg {
    /// The file.
    pub path: PathBuf,
    /// The layer.
    pub layer: String,
}

impl FromStr for ContextArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, layer) = text
            .rsplit_once('=')
            .filter(|(path, layer)| !path.is_empty() && !layer.is_empty())
            .ok_or_else(|| format!("{text:?} has no layer; give it as in water.geojson=permanent_water"))?;
        Ok(Self { path: path.into(), layer: layer.to_owned() })
    }
}

/// Arguments of `route`.
#[derive(Debug, Clone, Args)]
pub struct RouteArgs {
    /// The city
    #[command(flatten)]
    pub city: CityArgs,
    /// Points, CSV: lat_deg, lon_deg, class, and if known id, area_m2 or severity (minor, moderate, severe), time (2026-06-20T08:00:00Z,
    /// or 2026-06-20T16:00 in the time of the city; now when absent), and the error as ce90_m or sigma_east_m, sigma_north_m
    #[arg(long, value_name = "FILE")]
    pub points: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = RowFormat::Csv)]
    pub format: RowFormat,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// A table
    Csv,
    /// A list of objects
    Json,
}

/// Arguments of `rules`.
#[derive(Debug, Clone, Args)]
pub struct RulesArgs {
    /// What to do with rules
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, Clone, Subcommand)]
pub enum RulesCommand {
    /// List every problem of rules and lists: classes that nobody gets, rules that never fire, what is not in force
    Check(RulesCheckArgs),
    /// Route past incidents by other rules and say what would change; nothing is written
    DryRun(RulesDryRunArgs),
}

/// Arguments of `rules check`.
#[derive(Debug, Clone, Args)]
pub struct RulesCheckArgs {
    /// The city
    #[command(flatten)]
    pub city: CityArgs,
}

/// Arguments of `rules dry-run`.
#[derive(Debug, Clone, Args)]
pub struct RulesDryRunArgs {
    /// The other rules; the lists they name are read too
    #[arg(long, value_name = "FILE")]
    pub rules: PathBuf,
    /// Configuration with the rules as they are, zones, context and departments
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Only incidents seen last on or after this day, in the time of the city, or moment
    #[arg(long, value_name = "DATE")]
    pub since: Since,
    /// Database of past incidents: an SQLite file, the output folder that holds one, or postgresql://user@host:port/database; what the
    /// configuration names, or where `analyze` puts it, when not given
    #[arg(long, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The beginning of a day, in the time of the city.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = Date::strptime("%Y-%m-%d", text).map(Self::Day).ok();
        day.or_else(|| text.parse().map(Self::Moment).ok()).ok_or_else(|| {
            format!("{text:?} is neither a day such as 2026-06-01 nor a moment such as 2026-06-01T08:00:00Z")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundary_file_may_be_followed_by_level_and_kind() {
        let arg = |text: &str| text.parse::<ZoneArg>();
        let bank = ZoneArg {
            path: "b.geojson".into(),
            level: Some(ZoneLevel::Special),
            kind: Some("river_bank".into()),
        };
        assert_eq!(arg("b.geojson=special:river_bank"), Ok(bank));
        assert_eq!(arg("t.geojson=township").unwrap().level, Some(ZoneLevel::Township));
        assert_eq!(arg("t.geojson").unwrap().level, None);
        assert!(arg("t.geojson=village").unwrap_err().contains("village"));
    }

    #[test]
    fn layer_of_a_context_file_must_be_named() {
        let layer = "w.geojson=permanent_water".parse::<ContextArg>().unwrap().layer;
        assert_eq!(layer, "permanent_water");
        assert!("w.geojson".parse::<ContextArg>().is_err() && "w.geojson=".parse::<ContextArg>().is_err());
    }

    #[test]
    fn since_is_a_day_or_a_moment() {
        assert!(matches!("2026-06-01".parse(), Ok(Since::Day(_))));
        assert!(matches!("2026-06-01T08:00:00Z".parse(), Ok(Since::Moment(_))));
        assert!("June".parse::<Since>().is_err());
    }
}
