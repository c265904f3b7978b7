//! Uploaded files (protocol.md §6.8): images, recordings, films and files, kept three days; pictures for ever.

use std::collections::HashMap;

use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Answer, Call, Refusal, token};
use crate::random;
use crate::world::World;

const LIFE: TimeDelta = TimeDelta::days(3);
const MEGABYTE: usize = 1024 * 1024;
/// More than this is fetched in pieces.
pub const MAX_ANSWER: usize = 20 * MEGABYTE;

/// Something that was uploaded.
#[derive(Debug, Clone)]
pub struct Media {
    /// `image`, `voice`, `video`, `file`; `picture` for what lives for ever.
    pub kind: String,
    /// As it was called.
    pub name: String,
    /// What it is.
    pub bytes: Bytes,
    until: DateTime<Utc>,
}

/// All that was uploaded and isn't forgotten.
#[derive(Debug, Default)]
pub struct Library(HashMap<String, Media>);

impl Library {
    /// By its id.
    pub fn get(&self, id: &str, now: DateTime<Utc>) -> Option<&Media> {
        self.0.get(id).filter(|media| now < media.until)
    }

    fn put(&mut self, media: Media, now: DateTime<Utc>) -> String {
        self.0.retain(|_, media| now < media.until);
        let id = random::text(64);
        self.0.insert(id.clone(), media);
        id
    }
}

/// `media/upload`
pub fn upload(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    let kind = call.parameter("type").ok_or(Refusal::MEDIA_TYPE)?;
    let file = call.file.as_ref().filter(|file| file.field == "media").ok_or(Refusal::MEDIA_EMPTY)?;
    let most = match kind {
        "image" | "video" => 10 * MEGABYTE,
        "voice" => 2 * MEGABYTE,
        "file" => 20 * MEGABYTE,
        _ => return Err(Refusal::MEDIA_TYPE),
    };
    check_size(&file.bytes, most)?;
    let begins = |magic: &[u8]| file.bytes.starts_with(magic);
    let fits = match kind {
        "image" => begins(b"\x89PNG") || begins(b"\xff\xd8\xff"),
        "voice" => begins(b"#!AMR"),
        "video" => file.bytes.get(4..8) == Some(b"ftyp"),
        _ => true,
    };
    if !fits {
        return Err(if kind == "voice" { Refusal::VOICE_FORMAT } else { Refusal::MEDIA_FORMAT });
    }
    let now = world.now();
    let media = Media {
        kind: kind.to_owned(),
        name: file.name.clone(),
        bytes: file.bytes.clone(),
        until: now + LIFE,
    };
    let id = world.media.put(media, now);
    // The time is a text here.
    Ok(json!({ "type": kind, "media_id": id, "created_at": now.timestamp().to_string() }))
}

fn check_size(bytes: &Bytes, most: usize) -> Result<(), Refusal> {
    match bytes.len() {
        0 => Err(Refusal::MEDIA_EMPTY),
        // More than five bytes.
        1..=5 => Err(Refusal::MEDIA_SIZE),
        length if length > most => Err(Refusal::MEDIA_TOO_LARGE),
        _ => Ok(()),
    }
}

/// `media/uploadimg`
pub fn upload_image(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    let file = call.file.as_ref().ok_or(Refusal::MEDIA_EMPTY)?;
    check_size(&file.bytes, 2 * MEGABYTE)?;
    let now = world.now();
    let kind = "picture".to_owned();
    let forever = DateTime::<Utc>::MAX_UTC;
    let media = Media { kind, name: file.name.clone(), bytes: file.bytes.clone(), until: forever };
    let id = world.media.put(media, now);
    Ok(json!({ "url": format!("https://wework.qpic.cn/wwpic/{id}/0") }))
}

/// `media/get`: the file itself, or a refusal.
pub fn get(world: &mut World, call: &Call) -> Result<Media, Refusal> {
    token::authenticate(world, call)?;
    let id = call.parameter("media_id").ok_or(Refusal::MEDIA_ID_MISSING)?;
    let media =
        world.media.get(id, world.now()).filter(|media| media.kind != "picture").ok_or(Refusal::MEDIA_ID)?;
    if call.range.is_none() && media.bytes.len() > MAX_ANSWER {
        return Err(Refusal::MEDIA_IN_PIECES);
    }
    Ok(media.clone())
}
