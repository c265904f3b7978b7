//! Bodies, read within a limit and a time. What is read as a whole lies in memory, so a file is read only once its sender may
//! send it, and only so many lie there at once.

use std::{
    collections::HashMap,
    future::{Future, Ready, ready},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::CONTENT_LENGTH, web::Data};
use domain::{CorpId, MemberId};
use futures_util::{StreamExt, future::LocalBoxFuture};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    problem::{Answer, Failure},
    who::SignedIn,
};

/// The largest body taken, in bytes, where a route does not take a file.
pub const BODY_LIMIT: usize = 64 * 1024;
/// The largest list of people taken, in bytes: a hundred thousand of them are about twelve million.
pub const LIST_LIMIT: usize = 20 * 1024 * 1024;
/// How long a body of at most [`BODY_LIMIT`] may take.
const BODY_TIME: Duration = Duration::from_secs(15);
/// How long a file may take: the largest one needs eighty seconds at two megabits a second.
const FILE_TIME: Duration = Duration::from_secs(120);
/// Files in memory at once, in the whole process.
const AT_ONCE: usize = 8;
/// … of one member, who may not take the places of all others by sending slowly.
const OF_ONE: usize = 2;
/// How long a file waits for its place.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `reading` reads, unless it takes longer than `time`: then a 408.
pub async fn within<T>(time: Duration, reading: impl Future<Output = Answer<T>>) -> Answer<T> {
    timeout(time, reading).await.unwrap_or_else(|_| Err(Failure::http("too_slow")))
}

/// The answer to a body over its limit.
pub fn too_large() -> Failure {
    Failure::http("too_large")
}

/// A whole body of at most [`BODY_LIMIT`] bytes.
#[derive(Debug)]
pub struct Small(pub Vec<u8>);

impl FromRequest for Small {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Answer<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let declared = declared.and_then(|length| length.parse::<usize>().ok());
        let payload = payload.take();
        Box::pin(async move {
            if declared.is_some_and(|length| length > BODY_LIMIT) {
                return Err(too_large());
            }
            within(BODY_TIME, small(payload)).await.map(Self)
        })
    }
}

async fn small(mut payload: Payload) -> Answer<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Failure::http("malformed"))?;
        if bytes.len() + piece.len() > BODY_LIMIT {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A file that comes as a body, of which nothing is read yet: first it is known whether whoever sends it may.
pub struct File {
    payload: Payload,
    places: Option<Data<Places>>,
}

impl FromRequest for File {
    type Error = Failure;
    type Future = Ready<Answer<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let places = request.app_data::<Data<Places>>().cloned();
        ready(Ok(Self { payload: payload.take(), places }))
    }
}

impl File {
    /// The whole file, of at most `limit` bytes, for a sender who may send it, and its place, to be kept as long as the file
    /// is. 503 where no place becomes free in time.
    pub async fn read(self, who: &SignedIn, limit: usize) -> Answer<(Vec<u8>, Place)> {
        let Self { payload, places } = self;
        let places = places.ok_or_else(|| app::Error::internal("there are no places for files"))?;
        let place = Place::take(places, (who.viewer.corp, who.viewer.member)).await?;
        let bytes = within(FILE_TIME, whole(payload, limit)).await?;
        Ok((bytes, place))
    }
}

async fn whole(mut payload: Payload, limit: usize) -> Answer<Vec<u8>> {
    let (mut bytes, mut read) = (Vec::new(), 0);
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| app::Error::field("file", "文件没有传完，请重试"))?;
        read += piece.len();
        if read <= limit {
            bytes.extend_from_slice(&piece);
            continue;
        }
        // What is too large is read on, within reason: a browser that is cut off while it sends never sees the answer.
        bytes = Vec::new();
        if read > 4 * limit {
            break;
        }
    }
    if read > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Who has how many files in memory, and how many places are left.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    taken: Mutex<HashMap<(CorpId, MemberId), usize>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), taken: Mutex::default() }
    }
}

/// The place of a file in memory; free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    _of_one: OfOne,
    _of_all: OwnedSemaphorePermit,
}

impl Place {
    async fn take(places: Data<Places>, who: (CorpId, MemberId)) -> Answer<Self> {
        let free = places.free.clone();
        let of_one = OfOne::take(places, who)?;
        match timeout(PATIENCE, free.acquire_owned()).await {
            Ok(Ok(of_all)) => Ok(Self { _of_one: of_one, _of_all: of_all }),
            _ => Err(Failure::http("too_many_files").retry_after(10)),
        }
    }
}

/// One of the files of a member.
#[derive(Debug)]
struct OfOne {
    places: Data<Places>,
    who: (CorpId, MemberId),
}

impl OfOne {
    fn take(places: Data<Places>, who: (CorpId, MemberId)) -> Answer<Self> {
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let files = taken.entry(who).or_default();
        if *files >= OF_ONE {
            return Err(Failure::http("too_many_requests").retry_after(5));
        }
        *files += 1;
        drop(taken);
        Ok(Self { places, who })
    }
}

impl Drop for OfOne {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = taken.get_mut(&self.who) {
            *files -= 1;
            if *files == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn one_member_has_two_files_at_once_and_all_together_eight() {
        let places = Data::new(Places::default());
        let mut kept = Vec::new();
        for member in 1..=4 {
            for _ in 0..OF_ONE {
                kept.push(Place::take(places.clone(), (1, member)).await.unwrap());
            }
            let third = Place::take(places.clone(), (1, member)).await;
            assert_eq!(third.map(drop).unwrap_err().code(), "too_many_requests");
        }
        assert_eq!(places.free.available_permits(), 0);
        drop(kept.pop());
        kept.push(Place::take(places.clone(), (1, 5)).await.unwrap());
        drop(kept);
        assert_eq!(places.free.available_permits(), AT_ONCE);
        assert!(places.taken.lock().unwrap().is_empty(), "who has none is forgotten");
    }
}
