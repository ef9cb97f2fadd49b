//! Signing in and out.

use maud::html;
use rocket::form::Form;
use rocket::http::{CookieJar, Status};
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};

use super::page::Page;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Anyone, SignIn, SignedIn, Visitor};

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_form, sign_in, follow_link, sign_out]
}

#[get("/sign-in")]
fn show_form(_visitor: Visitor, request: SignIn<'_>) -> Page {
    form(&request, None)
}

fn form(request: &SignIn<'_>, problem: Option<&str>) -> Page {
    let content = html! {
        p { "The console shows what a key of the API shows. Keys are made by " code { "scrapersky keys create" } "." }
        @if !request.keeps_cookies() {
            p.warning role="alert" {
                "This page came over plain HTTP and not from this machine: browsers drop the cookie that keeps you signed in. "
                "Open the console over HTTPS, or under " code { "localhost" } "."
            }
        }
        form method="post" action="/sign-in" {
            label for="credential" { "API key or token" }
            input id="credential" name="credential" type="password" autocomplete="current-password" required autofocus
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "problem")];
            @if let Some(problem) = problem { p.error id="problem" role="alert" { (problem) } }
            button { "Sign in" }
        }
        p { a href="/docs" { "The API" } }
    };
    Page::bare("Sign in", &content)
}

/// What the form sends.
#[derive(FromForm)]
struct Credential<'r> {
    credential: &'r str,
}

#[post("/sign-in", data = "<sent>")]
async fn sign_in(
    _visitor: Visitor,
    request: SignIn<'_>,
    cookies: &CookieJar<'_>,
    sent: Form<Credential<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    match request.with(sent.credential.trim()).await {
        Ok(cookie) => {
            cookies.add(cookie);
            Ok(Ok(Redirect::to("/")))
        }
        Err(ApiError::Unauthorized(problem)) => {
            Ok(Err(form(&request, Some(problem)).with_status(Status::Unauthorized)))
        }
        Err(error) => Err(error),
    }
}

/// Signs in by a link that the command line printed.
#[get("/sign-in/<link>")]
async fn follow_link(
    _visitor: Visitor,
    request: SignIn<'_>,
    cookies: &CookieJar<'_>,
    link: &str,
) -> ApiResult<Result<Redirect, Page>> {
    match request.by_link(link).await {
        Ok(cookie) => {
            cookies.add(cookie);
            Ok(Ok(Redirect::to("/")))
        }
        Err(ApiError::Unauthorized(problem)) => {
            Ok(Err(form(&request, Some(problem)).with_status(Status::Unauthorized)))
        }
        Err(error) => Err(error),
    }
}

#[post("/sign-out")]
async fn sign_out(visit: SignedIn<Anyone>, request: SignIn<'_>, cookies: &CookieJar<'_>) -> ApiResult<Redirect> {
    cookies.add(visit.sign_out(&request).await?);
    Ok(Redirect::to("/sign-in"))
}
