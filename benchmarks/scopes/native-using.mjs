export function usingScopes(token, count) {
  for (let i = 0; i < count; i++) {
    using _scope = token.impersonate();
  }
}

export function usingScope(token) {
  using _scope = token.impersonate();
}
