//! Several corps in one simulator: each has a world of its own, and callbacks of its own under way.
//!
//! The API finds the corp by the `corpid` of `gettoken` and by the token everywhere else. Controls and pages mean
//! the first corp unless the address says `…/corps/{corpid}/…` or the browser has chosen another.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorNotFound};
use actix_web::http::Uri;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use crate::callback::UnderWay;
use crate::directory::Directory;
use crate::event::Event;
use crate::school::School;
use crate::school::own::Found;
use crate::world::World;

/// Cookie of a browser that looks at another corp than the first.
pub const COOKIE: &str = "simulator_corp";
/// Controls of a corp that is named.
const CONTROLS: &str = "/_sim/corps/";

/// A visitor's own school.
#[derive(Debug, Clone)]
pub struct Own {
    /// As the roster gave it.
    pub school: School,
    /// What the roster held.
    pub found: Found,
}

/// One corp.
pub struct Corp {
    /// As in the API.
    pub id: String,
    world: RwLock<World>,
    /// As it was generated.
    school: School,
    /// As it was at first, where that isn't the school's own.
    directory: Directory,
    /// The visitor's own school, which stands in the place of the generated one.
    own: RwLock<Option<Own>>,
    outgoing: UnboundedSender<Event>,
    /// Callbacks.
    pub under_way: UnderWay,
}

impl Corp {
    /// A corp at its start.
    pub fn new(
        school: School,
        directory: Directory,
        app_url: Option<Url>,
        outgoing: UnboundedSender<Event>,
    ) -> Self {
        let world = RwLock::new(World::new(&school, directory.clone(), app_url));
        let id = school.spec.corp.id.clone();
        let own = RwLock::new(None);
        Self { id, world, school, directory, own, outgoing, under_way: UnderWay::new() }
    }

    /// The state, to look at.
    pub fn read(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, to change.
    pub fn write(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives events to delivery.
    pub fn send(&self, events: Vec<Event>) {
        self.under_way.add(events.len());
        for event in events {
            // Fails only when the simulator is being stopped.
            let _ = self.outgoing.send(event);
        }
    }

    /// Everything as at the start, but for the address of the server.
    pub fn reset(&self) {
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        self.begin(own.as_ref());
    }

    /// Begins anew with the visitor's own school, or without with the generated one.
    pub fn play(&self, own: Option<Own>) {
        let mut kept = self.own.write().unwrap_or_else(PoisonError::into_inner);
        self.begin(own.as_ref());
        *kept = own;
    }

    /// The visitor's own school, if that is played.
    pub fn own(&self) -> RwLockReadGuard<'_, Option<Own>> {
        self.own.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a school of the visitor's roster, with this corp's ids and secrets.
    pub fn read_roster(&self, roster: &[u8], name: &str) -> Result<Own, String> {
        School::own(roster, name, &self.school.spec).map(|(school, found)| Own { school, found })
    }

    fn begin(&self, own: Option<&Own>) {
        let mut world = self.write();
        let app_url = world.app_url.take();
        *world = match own {
            Some(own) => World::new(&own.school, Directory::of(&own.school), app_url),
            None => World::new(&self.school, self.directory.clone(), app_url),
        };
    }
}

/// All corps; never empty.
pub struct Corps {
    first: Here,
    others: Vec<Here>,
}

impl Corps {
    /// The first corp and the others.
    pub fn new(first: Corp, others: Vec<Corp>) -> Self {
        let others = others.into_iter().map(|corp| Here(Arc::new(corp))).collect();
        Self { first: Here(Arc::new(first)), others }
    }

    /// The one that controls and pages mean unless they say otherwise.
    pub fn first(&self) -> &Here {
        &self.first
    }

    /// All, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &Here> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The corp of this id.
    pub fn find(&self, id: &str) -> Option<&Here> {
        self.all().find(|corp| corp.id == id)
    }

    /// Whose access token this is; the first corp's where nobody's, so that it refuses.
    pub fn of_token(&self, token: &str) -> &Here {
        if self.others.is_empty() {
            return &self.first;
        }
        self.all().find(|corp| corp.read().tokens.knows(token)).unwrap_or(&self.first)
    }
}

/// The corp that a request means.
#[derive(Clone)]
pub struct Here(Arc<Corp>);

impl Deref for Here {
    type Target = Corp;

    fn deref(&self) -> &Corp {
        &self.0
    }
}

impl FromRequest for Here {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(named) = request.extensions().get::<Self>() {
            return ready(Ok(named.clone()));
        }
        let Some(corps) = request.app_data::<Data<Corps>>() else {
            return ready(Err(ErrorInternalServerError("no corps")));
        };
        // A sign-in names its corp; a script's controls carry no cookie.
        let chosen = url::form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(name, _)| name == "appid")
            .map(|(_, id)| id.into_owned())
            .or_else(|| request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()));
        let corp = chosen.and_then(|id| corps.find(&id)).unwrap_or_else(|| corps.first());
        ready(Ok(corp.clone()))
    }
}

/// Reads `/_sim/corps/{corpid}/…` as `/_sim/…` of that corp.
pub async fn name<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let named = request.path().strip_prefix(CONTROLS).and_then(|rest| rest.split_once('/'));
    if let Some((id, rest)) = named.map(|(id, rest)| (id.to_owned(), rest.to_owned())) {
        let corp = request.app_data::<Data<Corps>>().and_then(|corps| corps.find(&id).cloned());
        let corp = corp.ok_or_else(|| ErrorNotFound(format!("no corp {id}")))?;
        request.extensions_mut().insert(corp);
        let query = request.query_string();
        let mark = if query.is_empty() { "" } else { "?" };
        let uri: Uri = format!("/_sim/{rest}{mark}{query}").parse().map_err(ErrorNotFound)?;
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}
