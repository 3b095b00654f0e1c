export { type LaunchOptions, launch } from './launch.js'
