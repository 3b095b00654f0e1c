export { type LaunchOptions, launch } from './job/launch.js'
