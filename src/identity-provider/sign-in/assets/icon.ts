// The pages' icon: a strongroom's door.
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none"
stroke="#2f6ea8" stroke-width="2.5" stroke-linecap="round"><rect x="3" y="3" width="26" height="26"
rx="6"/><circle cx="16" cy="16" r="6.5"/><path d="M16 9.5V6.5M16 25.5v-3M22.5 16h3M6.5 16h3M16
16l3-3"/></g></svg>`;
