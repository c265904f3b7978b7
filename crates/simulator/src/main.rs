//! `simulator`: serves a simulated WeCom, and writes the files of its school.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use simulator::school::{School, write_grants, write_people, write_reports};
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
    },
    /// Write the school's roster: people.csv and grants.csv.
    Roster {
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        /// Folder to write to; made if it isn't there.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a day of health reports that gives the school's table its figures.
    Reports {
        /// Description of the school.
        #[arg(long, default_value = "fixtures/school.toml")]
        school: PathBuf,
        /// Day of the reports, YYYY-MM-DD.
        #[arg(long)]
        day: NaiveDate,
        /// File to write.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { listen, school, app_url, members, corps, directory } => {
            let mut school = School::load(school)?;
            if let Some(members) = members {
                school = school.scaled(members)?;
            }
            let directory = directory.map(DirectoryFile::load).transpose()?;
            serve(Config { listen, school, app_url: Some(app_url), directory, corps })?;
        }
        Command::Roster { school, out } => {
            let school = School::load(school)?;
            fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
            write_people(&school, create(&out.join("people.csv"))?)?;
            write_grants(&school, create(&out.join("grants.csv"))?)?;
        }
        Command::Reports { school, day, out } => {
            write_reports(&School::load(school)?, day, create(&out)?)?;
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
