//! Goes through an upload file by file. What became of a file is committed with its photo, so that work that was killed
//! goes on where it stopped.

use std::{collections::HashMap, fs::File, io::Write};

use domain::{
    PersonId,
    photo::{self, Outcome},
};
use store::photos::{
    self, NewPhoto, picture_place, source_place,
    uploads::{self, NewResult, Upload},
};

use super::{
    archive::{Archive, Entry, Unread},
    picture::{self, Unfit},
    receive::chunk_row,
};
use crate::{App, Error, Result, School, secret};

/// What unpacks to more than this is no archive of photos.
const BOMB: &str = "压缩包展开后太大，已停止。请检查里面的文件，或分成几个上传";

const INCOMPLETE: &str = "收到的压缩包不完整，请重新上传";

/// Goes through an upload from where it stands to its end.
pub(crate) async fn take(app: &App, school: &School, upload: &Upload) -> Result<()> {
    let corp = school.corp();
    let id = upload.upload_id;
    let Some(file) = unpack(app, school, upload).await? else {
        return settle(app, school, id, Some(INCOMPLETE)).await;
    };
    let opened = blocking(move || {
        Archive::open(&file).map(|mut archive| {
            let entries = archive.entries();
            (archive, entries)
        })
    });
    let (mut archive, entries) = match opened.await? {
        Ok(opened) => opened,
        Err(message) => return settle(app, school, id, Some(&message)).await,
    };
    let mut tx = app.store().scoped(corp).await?;
    uploads::opened(&mut tx, corp, id, entries.len()).await?;
    let last = uploads::last_done(&mut tx, corp, id).await?;
    let numbers = photos::numbers(&mut tx, corp).await?;
    tx.commit().await?;
    let numbers: HashMap<String, PersonId> =
        numbers.into_iter().map(|(number, person)| (number.to_lowercase(), person)).collect();

    for entry in entries {
        let entry_no = i32::try_from(entry.index).unwrap_or(i32::MAX);
        if last.is_some_and(|last| entry_no <= last) {
            continue;
        }
        let person = match photo::number_of(&entry.file) {
            None => Err(Outcome::NotPicture),
            Some(number) => numbers.get(&number.to_lowercase()).copied().ok_or(Outcome::Unknown),
        };
        let result =
            NewResult { entry: entry_no, file: &entry.file, outcome: Outcome::Unknown, person: None };
        let (outcome, person) = match person {
            Err(outcome) => (outcome, None),
            Ok(person) => {
                let bytes;
                (archive, bytes) = read(archive, entry.clone()).await?;
                match bytes {
                    Err(Unread::Bomb) => return settle(app, school, id, Some(BOMB)).await,
                    Err(Unread::TooLarge) => (Outcome::TooLarge, Some(person)),
                    Err(Unread::Broken) => (Outcome::NotPicture, Some(person)),
                    Ok(bytes) => {
                        let result = NewResult { person: Some(person), ..result };
                        match keep(app, school, upload, result, person, bytes).await? {
                            None => continue,
                            Some(outcome) => (outcome, Some(person)),
                        }
                    }
                }
            }
        };
        let mut tx = app.store().scoped(corp).await?;
        uploads::record(&mut tx, corp, id, NewResult { outcome, person, ..result }).await?;
        tx.commit().await?;
    }
    settle(app, school, id, None).await
}

/// Keeps a photo and records it; an outcome that is still to be recorded where there was nothing to keep.
async fn keep(
    app: &App,
    school: &School,
    upload: &Upload,
    result: NewResult<'_>,
    person: PersonId,
    bytes: Vec<u8>,
) -> Result<Option<Outcome>> {
    let corp = school.corp();
    let keyring = app.store().keyring();
    let row = person.to_string();
    let hash = secret::hash(&bytes);
    let mut tx = app.store().scoped(corp).await?;
    if uploads::names(&mut tx, corp, upload.upload_id, person).await? {
        return Ok(Some(Outcome::Twice));
    }
    let before = photos::source_of(&mut tx, corp, person).await?;
    tx.commit().await?;
    // One that does not open any more is replaced.
    let source_before =
        before.as_ref().and_then(|sealed| keyring.open(source_place(corp, &row), sealed).ok());
    if source_before.is_some_and(|before| before == hash) {
        return Ok(Some(Outcome::Same));
    }
    // A file that makes the decoder panic is no picture.
    let made = tokio::task::spawn_blocking(move || picture::make(&bytes, picture::PHOTO)).await;
    let picture = match made.unwrap_or(Err(Unfit::NotPicture)) {
        Ok(picture) => picture,
        Err(Unfit::NotPicture) => return Ok(Some(Outcome::NotPicture)),
        Err(Unfit::TooLarge) => return Ok(Some(Outcome::TooLarge)),
    };
    let photo = NewPhoto {
        person,
        picture: keyring.seal(picture_place(corp, &row), &picture)?,
        source: keyring.seal(source_place(corp, &row), &hash)?,
        by: upload.made_by,
        at: app.now(),
    };
    let outcome = if before.is_some() { Outcome::Replaced } else { Outcome::Stored };
    let mut tx = app.store().scoped(corp).await?;
    photos::put(&mut tx, corp, &photo).await?;
    uploads::record(&mut tx, corp, upload.upload_id, NewResult { outcome, ..result }).await?;
    tx.commit().await?;
    Ok(None)
}

/// The archive in a file without a name: gone with this process, whatever becomes of it. None where a piece is missing
/// or does not open.
async fn unpack(app: &App, school: &School, upload: &Upload) -> Result<Option<File>> {
    let corp = school.corp();
    let mut file = blocking(tempfile::tempfile).await?.map_err(no_room)?;
    for chunk in 0..upload.chunks {
        let mut tx = app.store().scoped(corp).await?;
        let sealed = uploads::chunk(&mut tx, corp, upload.upload_id, chunk).await?;
        tx.commit().await?;
        let row = chunk_row(upload.upload_id, chunk);
        let open = |sealed| app.store().keyring().open(uploads::chunk_place(corp, &row), &sealed).ok();
        let Some(piece) = sealed.and_then(open) else { return Ok(None) };
        file = blocking(move || file.write_all(&piece).map(|()| file)).await?.map_err(no_room)?;
    }
    Ok(Some(file))
}

fn no_room(error: std::io::Error) -> Error {
    Error::Internal("the temporary folder takes no file".into(), Some(Box::new(error)))
}

async fn read(mut archive: Archive, entry: Entry) -> Result<(Archive, Result<Vec<u8>, Unread>)> {
    blocking(move || {
        let read = archive.read(&entry);
        (archive, read)
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))
}

async fn settle(app: &App, school: &School, upload: i64, message: Option<&str>) -> Result<()> {
    let corp = school.corp();
    let state = if message.is_some() { "failed" } else { "done" };
    let mut tx = app.store().scoped(corp).await?;
    uploads::settle(&mut tx, corp, upload, state, message, app.now()).await?;
    tx.commit().await?;
    tracing::info!(corp, upload, state, "an upload of photos has ended");
    Ok(())
}
