//! Where the next page begins, as it stands in an address: sealed. The key of a list's last row is often a student's number or an
//! account's userid, and addresses stand in the logs of every box on the way.
//!
//! Every process of the installation opens what another sealed, before and after a restart; what another school's was sealed for
//! opens nothing. A session ends long before its keys do.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use store::{
    Sealed,
    sealed::{Place, column},
};

use crate::{App, Result, School, bad_cursor};

/// Of a school and of no row: within it a key is a place in any list, and shows nobody but those whom the viewer sees anyway.
fn place(school: &School) -> Place<'static> {
    Place { column: &column::CURSOR, corp: school.corp(), row: "" }
}

/// The cursor of a page that begins after `key`.
///
/// # Errors
/// [`Error::Unavailable`](crate::Error::Unavailable): there is no data key.
pub fn seal(app: &App, school: &School, key: &str) -> Result<String> {
    let sealed = app.store().keyring().seal(place(school), key.as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed.as_bytes()))
}

/// The key that a cursor was made of.
///
/// # Errors
/// The field `cursor`: it is none of this school's, was changed, or its data key is gone.
/// [`Error::Unavailable`](crate::Error::Unavailable): its data key can't be read now.
pub fn open(app: &App, school: &School, cursor: &str) -> Result<String> {
    let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?);
    let key = app.store().keyring().open_foreign(place(school), &sealed).map_err(|error| match error {
        store::Error::Seal(_) => bad_cursor(),
        other => other.into(),
    })?;
    String::from_utf8(key).map_err(|_| bad_cursor())
}
