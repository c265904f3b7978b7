//! `simulator`: serves a simulated WeCom, and writes the files of its school.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use simulator::school::{School, write_grants, write_people, write_reports};

/// A WeCom (企业微信) to run Rollcall against.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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

fn create(path: &std::path::Path) -> anyhow::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
}
