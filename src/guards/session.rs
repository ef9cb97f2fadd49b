//! Sessions of the console: a cookie that only pages of this server can use.
//!
//! The cookie stands for the key or person that signed in, and has its rights. It is no credential of the API: a handler
//! that takes a [`Caller`] never reads it, and one that takes a [`SignedIn`] reads nothing else. Requests that another
//! site causes are refused by what browsers say of their origin (`Sec-Fetch-Site`, else `Origin`), so that forms need no
//! token.

use std::ops::Deref;

use chrono::{TimeDelta, Utc};
use database::ids::{ApiKeyId, SessionId, TenantId, UserId};
use database::models::session::{NewSession, Session, SessionSecret};
use database::pool::Pool;
use database::repo;
use rocket::http::{Cookie, Method, SameSite};
use rocket::request::{FromRequest, Outcome, Request};

use super::actor::Actor;
use super::caller::{Caller, Known, Managed, Permission};
use super::identity::Identity;
use super::super_admin::SuperAdmin;
use crate::error::{ApiError, ApiResult};

/// The name of the cookie. By its prefix browsers accept it only from this host, for all paths, and sent securely.
const COOKIE: &str = "__Host-scrapersky";
/// How long a session lasts at most.
const LASTS: TimeDelta = TimeDelta::days(7);
/// How long a link can be followed.
const LINK_LASTS: TimeDelta = TimeDelta::minutes(30);

/// A caller that is signed in to the console and has the permission `P`.
#[derive(Debug)]
pub struct SignedIn<P> {
    caller: Caller<P>,
    session: SessionId,
    hash: [u8; 32],
}

impl<P> Deref for SignedIn<P> {
    type Target = Caller<P>;

    fn deref(&self) -> &Caller<P> {
        &self.caller
    }
}

impl<P: Permission> SignedIn<P> {
    /// Returns whoever is signed in, for an answer that lasts as long as the session does.
    #[must_use]
    pub fn into_caller(self) -> Caller<P> {
        self.caller
    }

    /// Returns whoever is signed in as a super administrator.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] if it is none.
    pub fn super_admin(&self) -> ApiResult<SuperAdmin> {
        SuperAdmin::with(self.caller.known.clone())
    }

    /// Ends the session. Other processes forget it within seconds.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn sign_out(self, request: &SignIn<'_>) -> ApiResult<Cookie<'static>> {
        let mut conn = request.state.pool.tenant(self.caller.tenant()).await?;
        repo::sessions::delete(&mut conn, self.session).await?;
        repo::sessions::delete_ended(&mut conn).await?;
        conn.commit().await?;
        request.state.identities.forget_session(&self.hash);
        Ok(Cookie::build((COOKIE, "")).removal().path("/").secure(true).build())
    }
}

/// Signs in, with a credential or by a link.
pub struct SignIn<'r> {
    state: Managed<'r>,
    request: &'r Request<'r>,
}

impl SignIn<'_> {
    /// Begins a session with the rights of an API key or of the person that a token names, and returns its cookie.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`] if the credential is not valid, and those of the database.
    pub async fn with(&self, credential: &str) -> ApiResult<Cookie<'static>> {
        let Identity { actor, tenant, .. } = self.state.identify(self.request, credential).await?;
        let (key_id, user_id) = match actor {
            Actor::Key(id) => (Some(id), None),
            Actor::Person(id) | Actor::Administrator(id) => (None, Some(id)),
        };
        let secret = begin(self.state.pool, tenant, (key_id, user_id), false).await?;
        Ok(cookie(&secret))
    }

    /// Begins a session by a link, which can be followed once, and returns its cookie.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unauthorized`] if the link was followed, has expired or never existed, and those of the database.
    pub async fn by_link(&self, link: &str) -> ApiResult<Cookie<'static>> {
        let hash = SessionSecret::hash_of(link);
        let mut conn = self.state.pool.system().await?;
        let taken = repo::sessions::take_link(&mut conn, &hash).await?;
        conn.commit().await?;
        let Some(Session {
            tenant_id,
            key_id,
            user_id,
            ..
        }) = taken
        else {
            return Err(ApiError::Unauthorized(
                "this link was followed before, or has expired: sign in with a key",
            ));
        };
        let secret = begin(self.state.pool, tenant_id, (key_id, user_id), false).await?;
        Ok(cookie(&secret))
    }

    /// Returns whether browsers will keep the cookie: the page was loaded over HTTPS, or from this machine.
    #[must_use]
    pub fn keeps_cookies(&self) -> bool {
        let forwarded = self.request.headers().get_one("X-Forwarded-Proto");
        let is_local = self.request.host().is_some_and(|host| {
            let name = host.domain().as_str();
            name == "localhost" || name == "[::1]" || name.starts_with("127.")
        });
        is_local || forwarded == Some("https")
    }
}

/// Makes a link that signs in once with the rights of a key, and returns its path.
///
/// # Errors
///
/// Those of the database; [`ApiError::Unauthorized`] if the key is not valid.
pub async fn make_link(pool: &Pool, key: &str) -> ApiResult<String> {
    let hash = database::models::api_key::KeySecret::hash_of(key);
    let mut conn = pool.system().await?;
    let found = repo::api_keys::find_valid(&mut conn, &hash).await?;
    drop(conn);
    let (key, _) = found.ok_or(ApiError::Unauthorized("this API key is not valid"))?;
    let secret = begin(pool, key.tenant_id, (Some(key.id), None), true).await?;
    Ok(format!("/sign-in/{}", secret.expose()))
}

/// Stores a session, or a link, with the rights of a key or of a person, and returns its secret.
async fn begin(
    pool: &Pool,
    tenant: TenantId,
    (key_id, user_id): (Option<ApiKeyId>, Option<UserId>),
    is_link: bool,
) -> ApiResult<SessionSecret> {
    let secret = SessionSecret::generate();
    let new = NewSession {
        hash: &SessionSecret::hash_of(secret.expose()),
        key_id,
        user_id,
        is_link,
        expires_at: Utc::now() + if is_link { LINK_LASTS } else { LASTS },
    };
    let mut conn = pool.tenant(tenant).await?;
    repo::sessions::delete_ended(&mut conn).await?;
    repo::sessions::insert(&mut conn, &new).await?;
    conn.commit().await?;
    Ok(secret)
}

fn cookie(secret: &SessionSecret) -> Cookie<'static> {
    Cookie::build((COOKIE, secret.expose().to_owned()))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(rocket::time::Duration::seconds(LASTS.num_seconds()))
        .build()
}

/// Returns whether a page of this server caused the request, or a person who followed a link or typed the address.
fn is_own(request: &Request<'_>) -> bool {
    let headers = request.headers();
    let origin = headers.get_one("Origin");
    let is_of_this_host = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == headers.get_one("Host")
    };
    let changes = !matches!(request.method(), Method::Get | Method::Head);
    match headers.get_one("Sec-Fetch-Site") {
        Some("same-origin") => true,
        // A link on another site may lead here, but a script of another site reads nothing.
        Some("none" | "same-site" | "cross-site") => {
            !changes && headers.get_one("Sec-Fetch-Mode").is_none_or(|mode| mode == "navigate")
        }
        Some(_) => false,
        None => origin.map_or(!changes, is_of_this_host),
    }
}

async fn find(request: &Request<'_>) -> ApiResult<(Known, SessionId, [u8; 32])> {
    const NONE: ApiError = ApiError::Unauthorized("sign in to see this page");
    if !is_own(request) {
        return Err(ApiError::Forbidden(
            "another site caused this request: open the console and try again there".to_owned(),
        ));
    }
    let secret = request.cookies().get(COOKIE).ok_or(NONE)?;
    let hash = SessionSecret::hash_of(secret.value());
    let state = Managed::of(request)?;
    let (identity, session) = state.identities.session(state.pool, &hash).await?;
    let mut known = Known::counted_once(request, &state, identity).await?;
    known.session = Some(hash);
    Ok((known, session, hash))
}

#[rocket::async_trait]
impl<'r, P: Permission> FromRequest<'r> for SignedIn<P> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let found = find(request).await;
        let signed_in = found.and_then(|(known, session, hash)| {
            Ok(Self {
                caller: Caller::with(known)?,
                session,
                hash,
            })
        });
        match signed_in {
            Ok(signed_in) => Outcome::Success(signed_in),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignIn<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        // Nobody is to be signed in, as somebody else, by another site.
        let checked = if is_own(request) {
            Managed::of(request)
        } else {
            Err(ApiError::Forbidden(
                "another site caused this request: open the console and try again there".to_owned(),
            ))
        };
        match checked {
            Ok(state) => Outcome::Success(Self { state, request }),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
