console.log('this program knows nothing of ranks')
