//! What stands outside of the database: a file with a line a head, to be kept where whoever runs the database can't write.

use std::{fs::OpenOptions, io::Write, path::Path};

use chrono::{DateTime, NaiveDate, Utc};
use domain::CorpId;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The school.
    pub corp: CorpId,
    /// Its day.
    pub day: NaiveDate,
    /// How far the chain was.
    pub seq: i64,
    /// The hash of that link, in hex.
    pub hash: String,
    /// Ed25519, in hex.
    pub signature: String,
    /// What the signature is checked with, in hex.
    pub public_key: String,
    /// When.
    pub signed_at: DateTime<Utc>,
}

/// Adds a line, on the disk when this returns.
pub(super) async fn append(path: &Path, anchor: &Anchor) -> Result<()> {
    let mut line = serde_json::to_vec(anchor)
        .map_err(|error| Error::Internal("an anchor".into(), Some(Box::new(error))))?;
    line.push(b'\n');
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        // One write: processes that share the file don't mix their lines.
        file.write_all(&line)?;
        file.sync_data()
    });
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::Internal("audit.anchor_file can't be written".into(), Some(error))
    };
    written.await.map_err(|error| failed(Box::new(error)))?.map_err(|error| failed(Box::new(error)))
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// Its lines, from 1, that can be read.
    pub lines: Vec<(usize, Anchor)>,
    /// Those that can't.
    pub broken: Vec<usize>,
}

impl Anchors {
    /// Reads a file's text.
    pub fn read(text: &str) -> Self {
        let mut anchors = Self::default();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(anchor) => anchors.lines.push((place + 1, anchor)),
                Err(_) => anchors.broken.push(place + 1),
            }
        }
        anchors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_broken_ones_told() {
        let line = r#"{"corp":1,"day":"2020-03-04","seq":9,"hash":"aa","signature":"bb","public_key":"cc","signed_at":"2020-03-04T00:00:00Z"}"#;
        let read = Anchors::read(&format!("{line}\n\n{{\n{line}"));
        assert_eq!(read.broken, [3]);
        let places: Vec<(usize, i64)> =
            read.lines.iter().map(|(place, anchor)| (*place, anchor.seq)).collect();
        assert_eq!(places, [(1, 9), (4, 9)]);
        assert_eq!(Anchors::read(""), Anchors::default());
    }
}
