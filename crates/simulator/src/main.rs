//! `simulator`: serves a simulated WeCom, and writes the files of its school.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use simulator::school::{School, write_demo, write_grants, write_people, write_reports};
use simulator::{Config, DirectoryFile, Simulator};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

/// A WeCom (企业微信) to run Rollcall against.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve WeCom's API, its sign-in pages and a small client for browsers.
    Serve {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:8720", env = "SIMULATOR_LISTEN")]
        listen: SocketAddr,
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        /// Where Rollcall is, for callbacks and the workbench.
        #[arg(long, default_value = "http://127.0.0.1:8710")]
        app_url: Url,
        /// Make the school so large: so many members, a class for about every fifty.
        #[arg(long, conflicts_with = "directory")]
        members: Option<usize>,
        /// How many corps; each after the first is the same school under other ids, secrets and keys.
        #[arg(long, default_value_t = 1)]
        corps: usize,
        /// A directory in JSON (see the README), in the place of the school's; a dump will do.
        #[arg(long)]
        directory: Option<PathBuf>,
        #[command(flatten)]
        own: OwnSchool,
        /// Folder in which a roster is kept that is dropped on the first page, for whoever restarts the app's server with it.
        #[arg(long)]
        own_folder: Option<PathBuf>,
    },
    /// Write the school's roster: people.csv and grants.csv.
    Roster {
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        #[command(flatten)]
        own: OwnSchool,
        /// Folder to write to; made if it isn't there.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write weeks of reports of an ordinary school, a file for each form and day.
    Demo {
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        #[command(flatten)]
        own: OwnSchool,
        /// The last day, as it stands in the morning, YYYY-MM-DD.
        #[arg(long)]
        until: NaiveDate,
        /// So many days.
        #[arg(long, default_value_t = 30)]
        days: u64,
        /// Folder to write to; made if it isn't there.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a day of health reports that gives the school's table its figures.
    Reports {
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        #[command(flatten)]
        own: OwnSchool,
        /// Day of the reports, YYYY-MM-DD.
        #[arg(long)]
        day: NaiveDate,
        /// File to write.
        #[arg(long)]
        out: PathBuf,
    },
}

/// A school of one's own, in the place of the description's; ids and secrets stay those of the description.
#[derive(Args)]
struct OwnSchool {
    /// Your school's roster, .xlsx or CSV: departments, members and grants are made from it.
    #[arg(long)]
    roster: Option<PathBuf>,
    /// Its name.
    #[arg(long, default_value = "我的学校", env = "ROLLCALL_SCHOOL_NAME")]
    name: String,
}

impl OwnSchool {
    /// The roster, read, and the name.
    fn file(&self) -> anyhow::Result<Option<(Vec<u8>, String)>> {
        let Some(path) = &self.roster else { return Ok(None) };
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some((bytes, self.name.clone())))
    }

    /// The school: one's own, of which is said what was found, or that of the description.
    fn load(&self, description: PathBuf) -> anyhow::Result<School> {
        let base = School::load(description)?;
        let Some((roster, name)) = self.file()? else { return Ok(base) };
        let (school, found) = School::own(&roster, &name, &base.spec).map_err(anyhow::Error::msg)?;
        write!(std::io::stdout(), "{found}")?;
        Ok(school)
    }
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { listen, school, app_url, members, corps, directory, own, own_folder } => {
            let mut school = School::load(school)?;
            if let Some(members) = members {
                school = school.scaled(members)?;
            }
            let directory = directory.map(DirectoryFile::load).transpose()?;
            let own = own.file()?;
            serve(Config { listen, school, app_url: Some(app_url), directory, corps, own, own_folder })?;
        }
        Command::Roster { school, own, out } => {
            let school = own.load(school)?;
            fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
            write_people(&school, create(&out.join("people.csv"))?)?;
            write_grants(&school, create(&out.join("grants.csv"))?)?;
        }
        Command::Demo { school, own, until, days, out } => {
            fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
            write_demo(&own.load(school)?, until, days, &out)?;
        }
        Command::Reports { school, own, day, out } => {
            write_reports(&own.load(school)?, day, create(&out)?)?;
        }
    }
    Ok(())
}

/// Serves until it is told to stop, and says on one line that it is ready.
#[tokio::main]
async fn serve(config: Config) -> anyhow::Result<()> {
    let (students, staff) = (config.school.students().count(), config.school.staff().count());
    let classes =
        config.school.departments.iter().filter(|department| department.name.ends_with('班')).count();
    let name = config.school.spec.name.clone();
    let running = Simulator::start(config)?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "simulator ready: {} ({name}: {students} students, {staff} staff, {classes} classes)",
        running.url()
    )?;
    let corps = running.corp_ids();
    if corps.len() > 1 {
        writeln!(out, "corps: {} (secrets and keys: {}/_sim/corps)", corps.join(", "), running.url())?;
    }
    out.flush()?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    running.stop().await;
    Ok(())
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
}
