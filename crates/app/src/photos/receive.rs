//! Takes a .zip as it comes in, piece by piece, so that memory stays flat whatever its size. The pieces lie sealed in
//! Postgres, where any worker finds them, until they have been used.

use domain::{CorpId, MemberId, audit::Act, policy::Viewer};
use store::{
    audit::{self, Event},
    jobs as queue,
    photos::uploads,
};

use super::administer;
use crate::{App, Error, Result, School, jobs::take_photos};

/// The largest .zip taken, in bytes.
pub const LIMIT: u64 = 200 << 20;
/// Bytes of a piece.
const CHUNK: usize = 1 << 20;

/// An upload on its way.
#[derive(Debug)]
pub struct Receiving {
    app: App,
    corp: CorpId,
    by: MemberId,
    upload: i64,
    buffer: Vec<u8>,
    bytes: u64,
    chunks: i32,
}

impl Receiving {
    /// Begins an upload. For administrators.
    pub async fn begin(app: &App, school: &School, viewer: &Viewer) -> Result<Self> {
        administer(viewer)?;
        let corp = school.corp();
        let mut tx = app.store().scoped(corp).await?;
        let upload = uploads::begin(&mut tx, corp, viewer.member, app.now()).await?;
        tx.commit().await?;
        let (app, by, buffer) = (app.clone(), viewer.member, Vec::with_capacity(CHUNK));
        Ok(Self { app, corp, by, upload, buffer, bytes: 0, chunks: 0 })
    }

    /// Takes what came next. After an error, [`give_up`](Self::give_up).
    pub async fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > LIMIT {
            return Err(Error::field("file", "压缩包超过 200 MB，请分成几个上传"));
        }
        self.buffer.extend_from_slice(piece);
        if self.chunks == 0 && self.buffer.len() >= 4 {
            is_zip(&self.buffer)?;
        }
        while self.buffer.len() >= CHUNK {
            let rest = self.buffer.split_off(CHUNK);
            self.keep().await?;
            self.buffer = rest;
        }
        Ok(())
    }

    /// All is there: a job takes it from here. The upload's number.
    pub async fn finish(mut self) -> Result<i64> {
        if self.chunks == 0 {
            is_zip(&self.buffer)?;
        }
        if !self.buffer.is_empty() {
            self.keep().await?;
        }
        let (corp, now) = (self.corp, self.app.now());
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        let mut tx = self.app.store().scoped(corp).await?;
        uploads::received(&mut tx, corp, self.upload, bytes, self.chunks).await?;
        let event = Event::new(corp, Act::PhotosUploaded, Some(self.by), now).on("upload", self.upload);
        audit::insert(&mut tx, event).await?;
        queue::add(&mut tx, &take_photos::job(corp, self.upload, now), now).await?;
        tx.commit().await?;
        self.app.job_added().notify_one();
        Ok(self.upload)
    }

    /// Forgets what came. What is not given up by hand is swept up later.
    pub async fn give_up(self) -> Result<()> {
        let mut tx = self.app.store().scoped(self.corp).await?;
        uploads::give_up(&mut tx, self.corp, self.upload).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn keep(&mut self) -> Result<()> {
        let row = chunk_row(self.upload, self.chunks);
        let place = uploads::chunk_place(self.corp, &row);
        let sealed = self.app.store().keyring().seal(place, &self.buffer)?;
        let mut tx = self.app.store().scoped(self.corp).await?;
        uploads::add_chunk(&mut tx, self.corp, self.upload, self.chunks, &sealed).await?;
        tx.commit().await?;
        self.chunks += 1;
        self.buffer.clear();
        Ok(())
    }
}

/// What a piece is sealed for.
pub(super) fn chunk_row(upload: i64, chunk: i32) -> String {
    format!("{upload}/{chunk}")
}

/// An empty .zip begins otherwise, and is of no use.
fn is_zip(head: &[u8]) -> Result<()> {
    if head.starts_with(b"PK\x03\x04") {
        return Ok(());
    }
    Err(Error::field("file", "不是 .zip 压缩包，请把照片放进一个 .zip 文件后上传（不要用 .rar 或 .7z）"))
}
