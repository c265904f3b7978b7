//! What is no JSON: files that come in a form, and files that go out whole or in part.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use super::media::Media;

/// A file as it came.
#[derive(Clone)]
pub struct File {
    /// The form's field.
    pub field: String,
    /// As the sender calls it.
    pub name: String,
    /// What it is.
    pub bytes: Bytes,
}

/// The first file of a form, if the request is one.
pub async fn file_of(request: &HttpRequest, body: &Bytes) -> Option<File> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let boundary = multer::parse_boundary(kind).ok()?;
    let body = body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    while let Ok(Some(part)) = form.next_field().await {
        if let (Some(field), Some(name)) =
            (part.name().map(str::to_owned), part.file_name().map(str::to_owned))
        {
            return Some(File { field, name, bytes: part.bytes().await.ok()? });
        }
    }
    None
}

/// `Range: bytes=0-99`; other forms are as if there were none.
pub fn range_of(request: &HttpRequest) -> Option<(usize, Option<usize>)> {
    let (first, last) =
        request.headers().get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    Some((first.parse().ok()?, last))
}

/// The file, or the part of it that was asked for.
pub fn respond(media: Media, range: Option<(usize, Option<usize>)>) -> HttpResponse {
    let length = media.bytes.len();
    let mut response = HttpResponse::build(StatusCode::OK);
    let bytes = match range {
        None => media.bytes,
        Some((first, _)) if first >= length => return HttpResponse::new(StatusCode::RANGE_NOT_SATISFIABLE),
        Some((first, last)) => {
            let last = last.unwrap_or(length).min(length - 1).max(first);
            response.status(StatusCode::PARTIAL_CONTENT);
            response.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
            media.bytes.slice(first..=last)
        }
    };
    let kind = match media.kind.as_str() {
        "image" => "image/jpeg",
        "voice" => "audio/amr",
        "video" => "video/mp4",
        _ => "application/octet-stream",
    };
    let name = media.name.replace(['"', '\\', '\r', '\n'], "_");
    response
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .content_type(kind)
        .body(bytes)
}
